"""The `recsys` command: fit, validate, test and predict through Lightning's command line.

`fit` chooses the number of epochs on a validation part of the training ratings, trains anew on all of them, tests once,
and exports the artefact that the server answers from. `recsys publish ARTEFACT` takes the server
to another one, or back.
"""

from __future__ import annotations

import io
import logging
import sys
import warnings

from lightning_fabric.utilities.exceptions import MisconfigurationException

from data.datamodules import RatingsDataModule
from data.errors import DataError
from recsys.artifact import ArtifactError
from recsys.command.arguments.messages import file_problem
from recsys.command.arguments.parser import CommandParser
from recsys.command.cli import RecsysCLI
from recsys.command.publish import publish
from recsys.command.recipes import BASE
from recsys.errors import CommandError, SettingsError
from recsys.models import NonFiniteLossError, RatingModel

DESCRIPTIONS = {
    "fit": "Choose the number of epochs on validation ratings, refit on all training ratings, test once, export.",
    "validate": "Print RMSE and MAE of a selection's checkpoint on the validation ratings.",
    "test": "Print RMSE and MAE of a checkpoint on the test ratings.",
    "predict": "Write a checkpoint's predictions of the test ratings as CSV.",
}


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors that a user can mend are printed without a traceback, with exit status 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # λ and … are not in every locale's encoding
    logging.basicConfig(format="%(message)s")
    for name in ("data", "recsys"):
        logging.getLogger(name).setLevel(logging.INFO)
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)  # no tips, seeds and hardware lists
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # retries; `data` says what came of them
    for expected in (
        ".*does not have many workers",  # a batch is a slice of arrays in memory; workers would copy it
        "The number of training batches",  # a full batch is an epoch of one step; logging counts on across epochs
        "Checkpoint directory .* exists",  # NAME/selection.ckpt is replaced on purpose
        "Be aware that when using `ckpt_path`, callbacks",  # of a fit; testing and predicting need none of them
        "Total length of `list` across ranks is zero",  # of fast_dev_run in a refit, which validates on none
        ".*LeafSpec",  # Lightning's own use of a deprecated torch name
    ):
        warnings.filterwarnings("ignore", expected)
    try:
        if (given := sys.argv[1:] if arguments is None else arguments)[:1] == ["publish"]:
            publish(given[1:])
            return
        RecsysCLI(
            RatingModel,
            RatingsDataModule,
            parser_class=CommandParser,
            subclass_mode_model=True,
            subclass_mode_data=True,
            seed_everything_default=0,
            save_config_callback=None,  # it would write config.yaml into the working directory where nothing is logged
            parser_kwargs={"prog": "recsys", "description": __doc__, "default_env": True, "env_prefix": "RECSYS"}
            | {name: {"description": what, "default_config_files": [str(BASE)]} for name, what in DESCRIPTIONS.items()},
            args=arguments,
        )
    except (
        CommandError,
        DataError,
        NonFiniteLossError,
        SettingsError,
        ArtifactError,
        MisconfigurationException,
        ModuleNotFoundError,  # of a logger or callback that was asked for; the message says what to install
    ) as error:
        print(f"recsys: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:  # what was checked before the work, such as room on the disk, may have changed since
        print(f"recsys: {file_problem(error)}.", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:  # outside of training, such as during a download
        print("recsys: Interrupted.", file=sys.stderr)
        sys.exit(1)
