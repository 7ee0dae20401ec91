"""Lightning's command line, with a `fit` that selects, refits, tests and exports."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.cli import ArgsType, LightningArgumentParser, LightningCLI
from pytorch_lightning.trainer import Trainer
from typing_extensions import override

from data.datamodules import RatingsDataModule
from data.prepared import comes_with_test
from data.splits import GIVEN, canonical_name
from recsys.command.arguments.class_arguments import FROM_DATA
from recsys.command.arguments.conditions import processes
from recsys.command.arguments.environment import with_environment
from recsys.command.arguments.messages import file_problem, one_line
from recsys.command.arguments.refusals import require_supported
from recsys.command.arguments.targets import require_writable
from recsys.command.checkpoints.reading import Checkpoint, read_checkpoint
from recsys.command.checkpoints.record import FitRecord
from recsys.command.checkpoints.writing import EpochCheckpoints, WholeCheckpoints
from recsys.command.fit.export import export
from recsys.command.fit.logged_configuration import LoggedConfiguration
from recsys.command.fit.progress import EpochProgress
from recsys.command.fit.report import report
from recsys.command.fit.selection import EpochSelection
from recsys.command.paper import paper_rmse
from recsys.command.predict import prediction_table
from recsys.command.processes.joining import SharedUsers, is_first
from recsys.command.processes.launching import take_part
from recsys.command.recipes import recipe_of, recipe_variables, run_name, with_recipe_files
from recsys.command.run import REFIT, SELECTION, Run
from recsys.command.settings import Settings, deciding, limits
from recsys.errors import CommandError, LostProcessError
from recsys.files import write_atomically
from recsys.linalg.spectral import effective_rank
from recsys.models import RatingModel


class RecsysCLI(LightningCLI):
    """Lightning's command line, with a `fit` that selects, refits, tests and exports."""

    recipe: str
    asked: Settings  # all settings, as they were asked for; a refit changes self.config
    record: FitRecord
    resumed: Checkpoint | None = None

    def __init__(self, *positional: Any, **named: Any) -> None:
        """Run one of the subcommands that `parser_kwargs` has keys of; the rest is as Lightning's."""
        self._parser_kwargs, self._arguments = named["parser_kwargs"], named.get("args")
        super().__init__(*positional, **named)

    @override
    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]  # of the instance, where Lightning asks it
        return {name: left_out for name, left_out in super().subcommands().items() if name in self._parser_kwargs}

    @override
    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_class_arguments(Run, "run")
        parser.add_lightning_class_args(EpochSelection, "selection")
        for name in FROM_DATA:
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    @override
    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Read the settings, and refuse what can be refused before anything is done."""
        os.environ.update(recipe_variables(os.environ))  # where jsonargparse reads them
        try:
            given = with_recipe_files(args if isinstance(args, list) else sys.argv[1:])
            self.config = parser.parse_args(with_environment(given, os.environ))
        except ValueError as cause:  # of jsonargparse, for a class such as Tensor that it cannot describe
            raise CommandError(f"the arguments cannot be read: {one_line(str(cause))}") from cause
        config = self.config[self.config.subcommand]
        data = config.data.init_args
        data.split = canonical_name(data.split)  # as it is compared at a resume, like the callbacks
        config.trainer.callbacks = _listed(config.trainer.callbacks)
        self.recipe = recipe_of(_listed(config.config or self.config.config))
        split = GIVEN if _has_given_test(data) else data.split
        config.run.name = run_name(config.run.name, self.recipe, split)
        require_supported(config.as_dict())
        require_writable(self.config.subcommand, config.as_dict())

    @override
    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand]
        self.processes = processes(config.as_dict())
        if self.processes > 1:
            if self.subcommand != "fit" or type(self).fit is not RecsysCLI.fit:
                raise CommandError("several processes are for `recsys fit` alone; leave --trainer.devices out.")
            take_part(sys.argv[1:] if self._arguments is None else self._arguments, self.processes)
        logger = config.trainer.logger
        if isinstance(logger, Namespace) and logger.init_args.get("name") == "lightning_logs":  # Lightning's default
            logger.init_args.name = config.run.name
        # All was checked when it was parsed. Lightning would write it out a second time where there is no config_dump.
        text = self.parser.dump(self.config, skip_link_targets=False, skip_none=False, skip_validation=True)
        self.config_dump = yaml.safe_load(text)[self.subcommand]
        self.asked = deepcopy(self.config_dump)
        for name in FROM_DATA:
            self.asked["model"]["init_args"].pop(name, None)
        self.written = WholeCheckpoints()
        if config.ckpt_path is not None:
            self._take_up(read_checkpoint(Path(config.ckpt_path)))
        elif self.subcommand != "fit":
            stage = SELECTION if self.subcommand == "validate" else REFIT
            raise CommandError(
                f"`recsys {self.subcommand}` needs a trained model: give --ckpt_path, such as "
                f"{config.run.checkpoints}/{config.run.name}/{stage}.ckpt after a fit of this recipe."
            )

    @override
    def after_instantiate_classes(self) -> None:
        if self.resumed is not None:
            self.resumed.require_data(self.datamodule.ratings.sha256)
        if self.subcommand in ("test", "predict") and not self.datamodule.split.test.size:
            raise CommandError(
                f"the split {self.datamodule.split_name} leaves no ratings to test on; give another one."
            )

    @override
    def instantiate_classes(self) -> None:
        try:
            super().instantiate_classes()
        except ValueError as cause:  # how constructors refuse a value; their messages say which
            raise CommandError(one_line(str(cause))) from cause

    @override
    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        given = self._get(self.config_init, "trainer")
        callbacks: list[Callback] = [*given["callbacks"]]
        if self.subcommand == "fit":
            stage = SELECTION if self.datamodule.validation > 0 else REFIT
            self.record = FitRecord(stage, deciding(self.asked), self.datamodule.ratings.sha256)
            checkpoints = EpochCheckpoints(self._run.checkpoint(stage), self._run.checkpoint_every)
            callbacks += [self.record, LoggedConfiguration(self.asked), checkpoints]
            is_seen = is_first() and (sys.stderr.isatty() or "ipykernel" in sys.modules)
            if is_seen and given["enable_progress_bar"] is not False:
                callbacks.append(EpochProgress(stage))
            if stage == REFIT:
                kwargs["limit_val_batches"] = 0
            kwargs["plugins"] = [self.written]
            kwargs["strategy"] = SharedUsers() if self.processes > 1 else "auto"
            kwargs["use_distributed_sampler"] = False  # the data module has shared the ratings out
        else:
            kwargs["logger"] = False  # what comes out is printed or written where the command says
        return super().instantiate_trainer(callbacks=callbacks, enable_progress_bar=False, **kwargs)

    def fit(self, model: RatingModel, datamodule: RatingsDataModule, **options: Any) -> None:
        """Choose the number of epochs on validation ratings, refit on all of train, test once, export."""
        unfinished = limits(self.asked)
        if unfinished:
            print(f"recsys: {', '.join(unfinished)}: nothing will be exported", file=sys.stderr)
        with self.saying_how_to_go_on():
            metrics = self.train(model, datamodule, **options)
            artefact = None if unfinished else self.export(metrics)
        published = paper_rmse(self.datamodule.ratings.name, self.recipe, self.datamodule.split_name)
        print(report(self._run, self.datamodule, metrics, artefact, unfinished, published))

    def train(self, model: RatingModel, datamodule: RatingsDataModule, **options: Any) -> dict[str, float]:
        """Choose the number of epochs on validation ratings, refit on all of train, test once; returns the metrics."""
        if datamodule.validation > 0:
            options = self._select(model, datamodule, **options)
        self._run_fit(self.model, self.datamodule, **options)
        return self._metrics()

    def export(self, metrics: dict[str, float]) -> Path | None:
        """Write the artefact of the trained model; returns its directory, where this process is the first."""
        return export(self._run, self.model, self.datamodule, metrics, deciding(self.asked))

    def predict(self, model: RatingModel, datamodule: RatingsDataModule, **options: Any) -> None:
        """Predict the test ratings and write them as CSV."""
        options["return_predictions"] = True
        batches = self.trainer.predict(model, datamodule=datamodule, **options)
        table = prediction_table(datamodule.ratings, batches or [])
        path = self._run.predictions
        write_atomically(path, table.to_csv(index=False).encode())
        print(f"{len(table):,} predictions written to {path}")

    @contextmanager
    def saying_how_to_go_on(self) -> Iterator[None]:
        """Turn what ends a fit early into a message that names its last checkpoint.

        Raises:
            CommandError: it was interrupted, a file could not be written, or another process has ended.
        """
        try:
            yield
        except SystemExit as end:  # what Lightning makes of Ctrl-C
            raise CommandError(f"Interrupted. {self.way_on()}") from end
        except LostProcessError as cause:
            raise CommandError(f"{cause} {self.way_on()}") from cause
        except OSError as cause:
            what = file_problem(cause, otherwise=str(self.trainer.log_dir or self._run.artifacts))
            raise CommandError(f"{what}. Make room, or let it be written to. {self.way_on()}") from cause

    def way_on(self) -> str:
        """How to go on with a fit that ended early, as a sentence."""
        checkpoint = self.written.written  # by this run; an older one may lie there, of other settings
        return f"Go on with --ckpt_path {checkpoint}." if checkpoint else "This run made no checkpoint yet: start anew."

    @property
    def _run(self) -> Run:
        run: Run = self._get(self.config_init, "run")
        return run

    def _take_up(self, checkpoint: Checkpoint) -> None:
        """Refuse a checkpoint that does not fit what is asked for; else it is what the command begins with."""
        asked = deciding(self.asked)
        if self.subcommand == "fit":
            checkpoint.require_for_fit(asked)
        else:
            checkpoint.require_for_evaluation(asked)
        if self.subcommand == "validate":
            checkpoint.require_for_validation()
        elif self.subcommand != "fit" and checkpoint.stage == REFIT:
            self.config[self.subcommand].data.init_args.validation = 0.0  # as it was when the model was trained
        if other := checkpoint.other_versions():
            print(f"recsys: {'; '.join(other)}: numbers may be rounded otherwise", file=sys.stderr)
        self.resumed = checkpoint

    def _select(self, model: RatingModel, datamodule: RatingsDataModule, **options: Any) -> dict[str, Any]:
        """Choose the number of epochs, or take it from a checkpoint, and prepare the refit; returns its options."""
        if self.resumed is not None and self.resumed.stage == REFIT:
            self._prepare_refit(self.resumed.epochs)
            return options
        selection = self.select(model, datamodule, **options)
        print(f"selection: validation RMSE {selection.best_rmse:.4f} after {selection.best_epochs} epochs")
        seconds = self.record.seconds
        self._prepare_refit(selection.best_epochs)
        self.record.seconds = seconds
        self.record.validation = {
            name.replace("val_", "validation_", 1): value for name, value in selection.best_metrics.items()
        }
        return {}  # the checkpoint, if there was one, was of the stage that is over

    def select(self, model: RatingModel, datamodule: RatingsDataModule, **options: Any) -> EpochSelection:
        """Train without the validation ratings; returns the number of epochs that predicts them best, and how well."""
        self._run_fit(model, datamodule, **options)
        (selection,) = (c for c in self.trainer.callbacks if isinstance(c, EpochSelection))  # type: ignore[attr-defined]  # Trainer's
        if not selection.best_epochs:
            raise CommandError(
                "No validation was made, so no number of epochs could be chosen: let --trainer.max_epochs be at least "
                "--trainer.check_val_every_n_epoch, or give --data.validation 0."
            )
        return selection

    def _run_fit(self, model: RatingModel, datamodule: RatingsDataModule, **options: Any) -> None:
        self.trainer.fit(model, datamodule=datamodule, **options)
        if not self.trainer.fast_dev_run:  # type: ignore[attr-defined]  # Trainer's
            self.trainer.save_checkpoint(self._run.checkpoint(self.record.stage))

    def _prepare_refit(self, epochs: int | None) -> None:
        """Build model, data and trainer again, for all of the training ratings and a fixed number of epochs."""
        config = self.config[self.subcommand]
        config.data.init_args.validation = 0.0
        config.trainer.max_epochs = epochs
        self._set_seed()
        self.instantiate_classes()

    def _metrics(self) -> dict[str, float]:
        """What came out of the fit; all that is exported, printed and served as a figure of the model is from here."""
        tested: Mapping[str, float] = {}
        if self._run.test and self.datamodule.split.test.size:
            (tested,) = self.trainer.test(self.model, datamodule=self.datamodule, verbose=False)
        return {
            **self.record.validation,
            **tested,
            "effective_rank": float(effective_rank(self.model.prediction_singular_values())),
            "steps": self.trainer.global_step,
            "fit_seconds": round(self.record.seconds, 2),
        }

    @override
    def _parse_ckpt_path(self) -> None:
        """Do nothing, where Lightning lets a checkpoint's settings replace those of the command line without a word."""


def _has_given_test(data: Namespace) -> bool:
    """Whether ratings to test on are given, in a table of their own or among prepared ones."""
    folder = data.get("folder")
    return data.get("test") is not None or (folder is not None and comes_with_test(Path(folder)))


def _listed(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]
