"""The server's command, and `create_app`; FastAPI and the model's code are imported by who answers alone."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from typing import TYPE_CHECKING

# Before numpy is loaded. Workers are what uses several cores; threads that wait for each other within one would slow
# down loading a model several times when the machine is busy.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from pydantic import ValidationError

from data.errors import DatabaseError
from serving.process import log, workers
from serving.process.server import ListenError, listen, serve
from serving.routes.refusals import what_is_wrong
from serving.settings import PREFIX, Settings

if TYPE_CHECKING:
    from fastapi import FastAPI


def create_app(settings: Settings) -> FastAPI:
    """Build the application. The artefact is loaded when it starts; without one it runs, and is not ready."""
    from serving.application import application  # which the process that starts workers would load for nothing

    return application(settings)


def main() -> None:
    """Serve the artefact that the settings name."""
    parser = argparse.ArgumentParser(prog="python -m serving.app", description=main.__doc__, epilog=_settings_help())
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--workers", type=int, metavar="N", help="processes that answer, instead of RECSYS_WORKERS")
    arguments = parser.parse_args()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is a model to reload, it must not end the process
    try:
        given = {name: value for name, value in vars(arguments).items() if value is not None}
        settings = Settings(**given)
    except ValidationError as error:
        sys.exit(f"serving: {what_is_wrong(error.errors(include_input=False))}")
    log.install()
    try:
        if settings.ratings_database is not None:
            from serving.ratings.opening import open_database  # which needs SQLAlchemy

            open_database(settings.ratings_database.get_secret_value()).close()  # who answers opens its own
        listening = listen(settings)
    except (DatabaseError, ListenError) as error:
        sys.exit(f"serving: {error}")
    with listening:
        if settings.workers > 1:
            workers.run(settings, listening)
        else:
            serve(settings, create_app(settings), listening)
    if settings.uds is not None:
        settings.uds.unlink(missing_ok=True)


def _settings_help() -> str:
    """The settings, for --help."""
    lines = ["Settings, from the environment:"]
    for name, field in Settings.model_fields.items():
        lines.append(f"  {PREFIX}{name.upper()} ({field.default})\n      {field.description}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
