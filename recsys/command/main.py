"""The `recsys` command: fit, validate, test and predict through Lightning's command line, and what needs none of it.

`fit` chooses the number of epochs on a validation part of the training ratings, trains anew on all of them, tests once,
and exports the artefact that the server answers from. `recsys publish ARTEFACT` takes the server to another artefact,
or back. `recsys cross_validate` fits a recipe on every fold but one, in turn; `recsys tune` searches its settings.
`recsys predict --pairs FILE` and `recsys recommend` answer from an artefact, for many pairs or users at once; `recsys
describe RATINGS` shows what ratings there are, before training; `recsys prepare SOURCE --out FOLDER` writes them in a
form that training maps into memory; `recsys export_ratings URL` writes those that a server keeps. Each has its own
--help.
"""

from __future__ import annotations

import gc
import importlib
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from data.errors import DataError
from recsys.artifact import ArtifactError
from recsys.command import prepare, publish
from recsys.command.answers import predict, recommend
from recsys.command.arguments.messages import file_problem
from recsys.command.describe import command as describe
from recsys.command.ratings import export
from recsys.errors import CommandError, SettingsError, UsageError

LIGHTNING = ("fit", "validate", "test", "predict")
# Subcommands that need no Lightning, so that they start in a fraction of the time, and without torch where it is not
# installed. Each takes the arguments behind its name.
WITHOUT_LIGHTNING: dict[str, Callable[[list[str]], None]] = {
    "describe": describe.run,
    "export_ratings": export.run,
    "prepare": prepare.run,
    "publish": publish.run,
    "recommend": recommend.run,
}

# Those that fit many times. They are imported when they are asked for, and with them torch, which takes seconds.
WITH_LIGHTNING = {
    "cross_validate": "recsys.command.cross_validation",
    "tune": "recsys.command.tune.command",
}


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors that a user can mend are printed without a traceback, with exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # λ and … are not in every locale's encoding
    logging.basicConfig(format="%(message)s")
    for name in ("data", "recsys"):
        logging.getLogger(name).setLevel(logging.INFO)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # retries; `data` says what came of them
    try:
        _run(arguments)
    except (
        CommandError,
        DataError,
        SettingsError,
        ArtifactError,
        ModuleNotFoundError,  # of a logger or callback that was asked for; the message says what to install
    ) as error:
        print(f"recsys: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except BrokenPipeError:  # who read the output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still to be flushed
        sys.exit(1)
    except OSError as error:  # what was checked before the work, such as room on the disk, may have changed since
        print(f"recsys: {file_problem(error)}.", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:  # outside of training, such as during a download
        print("recsys: Interrupted.", file=sys.stderr)
        sys.exit(1)


def _run(arguments: list[str] | None) -> None:
    command, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    if command and not command.startswith("-"):
        _require_known(command)
    if command == "predict" and predict.is_asked(rest):
        predict.run(rest)
        return
    if (run := WITHOUT_LIGHTNING.get(command)) is not None:
        run(rest)
        return
    if (module := WITH_LIGHTNING.get(command)) is not None:
        with _importing():
            imported = importlib.import_module(module)
        imported.run(rest)
        return
    with _importing():
        from recsys.command import lightning_command

    lightning_command.run(arguments, description=__doc__ or "")


@contextmanager
def _importing() -> Iterator[None]:
    """Leave out searches for garbage: nearly none of the objects that come with torch is any, and they take seconds."""
    if "torch" in sys.modules:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
    gc.freeze()


def _require_known(command: str) -> None:
    known = [*LIGHTNING, *WITHOUT_LIGHTNING, *WITH_LIGHTNING]
    if command not in known:
        near = get_close_matches(command, known, 1)
        offered = f"; did you mean {near[0]}?" if near else f". There are {', '.join(known)}."
        raise UsageError(f"there is no subcommand {command}{offered}\nSee recsys --help.")
