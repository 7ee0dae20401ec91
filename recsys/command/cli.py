"""Lightning's command line, with a `fit` that selects, refits, tests and exports."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jsonargparse import Namespace
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.trainer import Trainer

from data.datamodule import MovieLensDataModule
from recsys.callbacks import EpochProgress, EpochSelection, FitRecord
from recsys.command.export import export
from recsys.command.predict import prediction_table
from recsys.command.resume import read_checkpoint, require_same_settings
from recsys.command.run import REFIT, SELECTION, Run
from recsys.errors import CommandError
from recsys.files import write_atomically
from recsys.models import RatingModel
from recsys.spectral import effective_rank


class RecsysCLI(LightningCLI):
    """Lightning's command line, with a `fit` that selects, refits, tests and exports."""

    record: FitRecord
    resumed: Mapping[str, Any] = MappingProxyType({})  # the record of the fit that left the checkpoint, if there is one

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_class_arguments(Run, "run")
        parser.add_lightning_class_args(EpochSelection, "selection")
        for name in ("n_users", "n_items", "rating_scale"):
            parser.link_arguments(f"data.{name}", f"model.init_args.{name}", apply_on="instantiate")

    def before_instantiate_classes(self) -> None:
        config = self.config[self.subcommand]
        if self.subcommand != "fit" and config.ckpt_path is None:
            raise CommandError(
                f"`recsys {self.subcommand}` needs a trained model: give --ckpt_path, such as "
                f"{config.run.checkpoints}/{config.run.name}/{REFIT}.ckpt after a fit of this recipe."
            )
        logger = config.trainer.logger
        if isinstance(logger, Namespace) and logger.init_args.get("name") == "lightning_logs":  # Lightning's default
            logger.init_args.name = config.run.name

    def instantiate_classes(self) -> None:
        try:
            super().instantiate_classes()
        except ValueError as cause:  # how constructors refuse a value; their messages say which
            raise CommandError(str(cause)) from cause

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        callbacks: list[Callback] = list(self._get(self.config_init, "trainer")["callbacks"] or [])
        if self.subcommand == "fit":
            shows_progress = self._get(self.config, "trainer").enable_progress_bar is not False
            stage = SELECTION if self.datamodule.validation > 0 else REFIT
            self.record = FitRecord(stage)
            callbacks += [self.record, self._checkpoints(stage)]
            if sys.stderr.isatty() and shows_progress:
                callbacks.append(EpochProgress(stage))
            if stage == REFIT:
                kwargs["limit_val_batches"] = 0
        return super().instantiate_trainer(callbacks=callbacks, enable_progress_bar=False, **kwargs)

    def fit(self, model: RatingModel, datamodule: MovieLensDataModule, **options: Any) -> None:
        """Choose the number of epochs on validation ratings, refit on all of train, test once, export."""
        if datamodule.validation > 0:
            if self.resumed.get("stage") == REFIT:
                self._prepare_refit(self.resumed["epochs"])
            else:
                self._run_fit(model, datamodule, **options)
                options = {}  # the checkpoint, if there was one, was of the stage that is now over
                self._prepare_refit(self._selected_epochs(), self.record.seconds)
        self._run_fit(self.model, self.datamodule, **options)
        self._finish()

    def predict(self, model: RatingModel, datamodule: MovieLensDataModule, **options: Any) -> None:
        """Predict the test ratings and write them as CSV."""
        options["return_predictions"] = True
        batches = self.trainer.predict(model, datamodule=datamodule, **options)
        table = prediction_table(datamodule.ratings, batches or [])
        path = self._run.predictions
        write_atomically(path, table.to_csv(index=False).encode())
        print(f"{len(table):,} predictions written to {path}")

    @property
    def _run(self) -> Run:
        run: Run = self._get(self.config_init, "run")
        return run

    def _run_fit(self, model: RatingModel, datamodule: MovieLensDataModule, **options: Any) -> None:
        checkpoint = self._checkpoint_file(self.record.stage)
        try:
            self.trainer.fit(model, datamodule=datamodule, **options)
        except SystemExit as end:  # what Lightning makes of Ctrl-C
            go_on = f"Go on with --ckpt_path {checkpoint}." if checkpoint.exists() else "No checkpoint was made yet."
            raise CommandError(f"Interrupted. {go_on}") from end
        self.trainer.save_checkpoint(checkpoint)

    def _selected_epochs(self) -> int:
        (selection,) = (c for c in self.trainer.callbacks if isinstance(c, EpochSelection))  # type: ignore[attr-defined]  # Trainer's
        if not selection.best_epochs:
            raise CommandError(
                "No validation was made, so no number of epochs could be chosen: let --trainer.max_epochs be at least "
                "--trainer.check_val_every_n_epoch, or give --data.validation 0."
            )
        print(f"selection: validation RMSE {selection.best_rmse:.4f} after {selection.best_epochs} epochs")
        return selection.best_epochs

    def _prepare_refit(self, epochs: int, seconds_before: float = 0.0) -> None:
        """Build model, data and trainer again, for all of the training ratings and a fixed number of epochs."""
        config = self.config[self.subcommand]
        config.data.validation = 0.0
        config.trainer.max_epochs = epochs
        self._set_seed()
        self.instantiate_classes()
        self.record.seconds = seconds_before

    def _finish(self) -> None:
        """Test once, export the artefact, and say what came out."""
        (tested,) = self.trainer.test(self.model, datamodule=self.datamodule, verbose=False)
        metrics = {
            **tested,
            "effective_rank": float(effective_rank(self.model.prediction_singular_values())),
            "steps": self.trainer.global_step,
            "fit_seconds": round(self.record.seconds, 2),
        }
        run, data = self._run, self.datamodule
        directory = export(run, self.model, data, metrics)
        published = f"  (paper: {run.paper_rmse:.3f})" if run.paper_rmse else ""
        print(
            f"\n{run.name}, split {data.split_name}, seed {data.seed}\n"
            f"  test RMSE       {metrics['test_rmse']:.4f}{published}\n"
            f"  as served       {metrics['test_rmse_as_served']:.4f}, without the ratings' times\n"
            f"  test MAE        {metrics['test_mae']:.4f}\n"
            f"  effective rank  {metrics['effective_rank']:.1f}\n"
            f"  fit             {metrics['steps']} steps, {metrics['fit_seconds']:.1f} s with selection\n"
            f"  artefact        {directory}\n"
            f"  checkpoint      {self._checkpoint_file(REFIT)}"
        )

    def _checkpoint_file(self, stage: str) -> Path:
        return self._run.checkpoints / self._run.name / f"{stage}.ckpt"

    def _checkpoints(self, stage: str) -> ModelCheckpoint:
        file = self._checkpoint_file(stage)
        return ModelCheckpoint(
            dirpath=file.parent,
            filename=file.stem,
            every_n_epochs=self._run.checkpoint_every,
            save_on_train_epoch_end=True,
            enable_version_counter=False,  # one file for each stage, replaced as training goes on
        )

    def _parse_ckpt_path(self) -> None:
        """Refuse a checkpoint that was trained with other settings than the command's.

        Lightning's own method lets the checkpoint's settings replace those of the command line without a word.
        """
        path = self.config[self.config.subcommand].get("ckpt_path")
        if path is None:
            return
        checkpoint = read_checkpoint(Path(path))
        self._dump_config()
        require_same_settings(path, checkpoint, self.config_dump["model"], self.config_dump["data"])
        self.resumed = checkpoint["callbacks"]["FitRecord"]
