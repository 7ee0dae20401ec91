"""The subcommands that train or need a checkpoint, through Lightning's command line: fit, validate, test, predict."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable

from lightning_fabric.utilities.exceptions import MisconfigurationException

from data.datamodules import RatingsDataModule
from recsys.command.arguments.parser import CommandParser
from recsys.command.cli import RecsysCLI
from recsys.command.processes.joining import is_lost_connection
from recsys.command.recipes import BASE
from recsys.errors import CommandError
from recsys.models import NonFiniteLossError, RatingModel

DESCRIPTIONS = {
    "fit": "Choose the number of epochs on validation ratings, refit on all training ratings, test once, export.",
    "validate": "Print RMSE and MAE of a selection's checkpoint on the validation ratings.",
    "test": "Print RMSE and MAE of a checkpoint on the test ratings.",
    "predict": "Write a checkpoint's predictions of the test ratings as CSV. With --pairs FILE, write an artefact's "
    "predictions of any pairs of a user and an item instead: recsys predict --pairs FILE --help.",
}


def run(
    arguments: list[str] | None, description: str = "", command_line: Callable[..., RecsysCLI] = RecsysCLI
) -> RecsysCLI:
    """Run Lightning's command line; returns it, with what it has trained.

    Args:
        arguments: those of the command; None for the process's own.
        description: of the whole command, for its help.
        command_line: makes and runs it; one that fits otherwise than `recsys fit` does.

    Raises:
        CommandError: the settings do not go together, the loss is no longer finite, or another process of the fit has
            ended; and what data, settings and artefacts raise.
    """
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)  # no tips, seeds and hardware lists
    for expected in (
        ".*does not have many workers",  # a batch is a slice of arrays in memory; workers would copy it
        "The number of training batches",  # a full batch is an epoch of one step; logging counts on across epochs
        "Checkpoint directory .* exists",  # NAME/selection.ckpt is replaced on purpose
        "Be aware that when using `ckpt_path`, callbacks",  # of a fit; testing and predicting need none of them
        "Total length of `list` across ranks is zero",  # of fast_dev_run in a refit, which validates on none
        "It is recommended to use `self.log",  # of several processes, in all of which what is logged is the same
        ".*LeafSpec",  # Lightning's own use of a deprecated torch name
    ):
        warnings.filterwarnings("ignore", expected)
    # To describe all arguments of a subcommand takes a tenth of a second, so it is done for the one that is asked for.
    first = next(iter(sys.argv[1:] if arguments is None else arguments), "")
    names = [first] if first in DESCRIPTIONS else list(DESCRIPTIONS)
    settings = {name: {"description": DESCRIPTIONS[name], "default_config_files": [str(BASE)]} for name in names}
    try:
        return command_line(
            RatingModel,
            RatingsDataModule,
            parser_class=CommandParser,
            subclass_mode_model=True,
            subclass_mode_data=True,
            seed_everything_default=0,
            save_config_callback=None,  # it would write config.yaml into the working directory where nothing is logged
            parser_kwargs={"prog": "recsys", "description": description, "default_env": True, "env_prefix": "RECSYS"}
            | settings,
            args=arguments,
        )
    except (MisconfigurationException, NonFiniteLossError) as cause:
        raise CommandError(str(cause)) from cause
    except RuntimeError as cause:
        if is_lost_connection(cause):
            raise CommandError("another process of this fit has ended, so that this one cannot go on.") from cause
        raise
