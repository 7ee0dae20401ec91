"""The `recsys` command: fit, validate, test and predict through Lightning's command line.

`fit` chooses the number of epochs on a validation part of the training ratings, trains anew on all of them, tests once,
and exports the artefact that the server answers from.
"""

from __future__ import annotations

import logging
import pickle
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import torch
from jsonargparse import Namespace
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.cli import LightningArgumentParser, LightningCLI
from pytorch_lightning.trainer import Trainer

from data.datamodule import MovieLensDataModule
from data.errors import DataError
from data.movielens import Ratings
from recsys import artifact
from recsys.callbacks import EpochProgress, EpochSelection, FitRecord
from recsys.errors import SettingsError
from recsys.files import write_atomically
from recsys.models import NonFiniteLossError, RatingModel
from recsys.spectral import effective_rank
from recsys.starts import DampedMeans

BASE_CONFIG = Path(__file__).parent / "configs" / "base.yaml"
SELECTION, REFIT = "selection", "refit"
DESCRIPTIONS = {
    "fit": "Choose the number of epochs on validation ratings, refit on all training ratings, test once, export.",
    "validate": "Print RMSE and MAE of a checkpoint on the validation ratings.",
    "test": "Print RMSE and MAE of a checkpoint on the test ratings.",
    "predict": "Write a checkpoint's predictions of the test ratings as CSV.",
}


class CommandError(Exception):
    """The command cannot be carried out as given; the message says why and what to do."""


@dataclass
class Run:
    """What a run is called and where it leaves its files.

    Args:
        name: name of the recipe; checkpoints and logs go into folders of this name.
        paper_rmse: the paper's test RMSE for this recipe, printed beside the one measured.
        artifacts: folder for exported artefacts; the newest is always artifacts/latest.
        checkpoints: folder for checkpoints, NAME/selection.ckpt and NAME/refit.ckpt.
        checkpoint_every: epochs between checkpoints; the last epoch is always kept.
        predictions: file that `recsys predict` writes, with user_id, item_id, rating and predicted.
    """

    name: str = "unnamed"
    paper_rmse: float | None = None
    artifacts: Path = Path("artifacts")
    checkpoints: Path = Path("checkpoints")
    checkpoint_every: int = 50
    predictions: Path = Path("predictions.csv")


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
        users, items, ratings, predicted = (torch.cat(parts).numpy() for parts in zip(*batches or [], strict=True))
        table = pd.DataFrame(
            {
                "user_id": datamodule.ratings.user_ids[users],
                "item_id": datamodule.ratings.item_ids[items],
                "rating": ratings,
                "predicted": predicted,
            }
        )
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
            "test_rmse": tested["test_rmse"],
            "test_mae": tested["test_mae"],
            "effective_rank": float(effective_rank(self.model.prediction_singular_values())),
            "steps": self.trainer.global_step,
            "fit_seconds": round(self.record.seconds, 2),
            **{name: value for name, value in tested.items() if name.startswith("test_coverage_")},
        }
        directory = self._export(metrics)
        run, data = self._run, self.datamodule
        published = f"  (paper: {run.paper_rmse:.3f})" if run.paper_rmse else ""
        print(
            f"\n{run.name}, split {data.split_name}, seed {data.seed}\n"
            f"  test RMSE       {metrics['test_rmse']:.4f}{published}\n"
            f"  test MAE        {metrics['test_mae']:.4f}\n"
            f"  effective rank  {metrics['effective_rank']:.1f}\n"
            f"  fit             {metrics['steps']} steps, {metrics['fit_seconds']:.1f} s with selection\n"
            f"  artefact        {directory}\n"
            f"  checkpoint      {self._checkpoint_file(REFIT)}"
        )

    def _export(self, metrics: dict[str, float]) -> Path:
        data, run = self.datamodule, self._run
        users, items, ratings = data.training_set()
        means = DampedMeans().effects(users, items, ratings, data.n_users, data.n_items)
        manifest = artifact.Manifest(
            kind=type(self.model).__name__,
            recipe=run.name,
            rating_scale=self.model.rating_scale,
            global_mean=means.mean,
            split=data.split_name,
            seed=data.seed,
            metrics=metrics,
            data_name=data.name,
            data_sha256=data.ratings.sha256,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        order = torch.argsort(users * data.n_items + items)  # by user, then item
        known = {
            "user_ids": data.ratings.user_ids,
            "item_ids": data.ratings.item_ids,
            "user_means": means.users.numpy(),
            "item_means": means.items.numpy(),
            "rating_users": users[order].numpy().astype(np.int32),
            "rating_items": items[order].numpy().astype(np.int32),
            "rating_values": ratings[order].numpy(),
        }
        return artifact.save(run.artifacts, manifest, {**self.model.arrays(), **known}, item_table(data.ratings))

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
        model, data = self.config_dump["model"], self.config_dump["data"]
        asked = {
            "model": {"_class_path": model["class_path"], **model["init_args"]},
            "data": {name: value for name, value in data.items() if name not in ("path", "cache")},
        }
        trained = {"model": checkpoint["hyper_parameters"], "data": checkpoint["datamodule_hyper_parameters"]}
        ignored = {"_instantiator", "n_users", "n_items", "rating_scale"}  # said by the data, not by the command
        self.resumed = checkpoint["callbacks"]["FitRecord"]
        if self.resumed["stage"] == REFIT:
            ignored.add("validation")  # a refit has none, whatever the selection before it had
        different = [
            f"  {part}.{name}: {trained[part].get(name)!r} in the checkpoint, {asked[part].get(name)!r} asked for"
            for part in asked
            for name in sorted((trained[part].keys() | asked[part].keys()) - ignored)
            if trained[part].get(name) != asked[part].get(name)
        ]
        if different:
            raise CommandError(
                f"{path} was trained with other settings:\n" + "\n".join(different) + "\n"
                "Give the configuration it was trained with, or leave out --ckpt_path to start anew."
            )


def item_table(ratings: Ratings) -> artifact.ItemTable:
    """The item table of a data set, in a form that loads without pandas."""
    table = ratings.item_table
    return artifact.ItemTable(
        titles=tuple(table["title"]),
        years=tuple(None if pd.isna(year) else int(year) for year in table["year"]),
        genres=tuple(map(tuple, table["genres"])),
    )


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of this project without running code from it.

    Raises:
        CommandError: there is no such file, or it is no checkpoint of a `recsys fit`.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as cause:
        raise CommandError(f"the checkpoint {path} cannot be read: {cause.strerror}.") from cause
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as cause:
        raise CommandError(f"{path} is damaged or no checkpoint; it is not used.") from cause
    needed = {"hyper_parameters", "datamodule_hyper_parameters", "callbacks"}
    if not isinstance(content, dict) or not needed <= content.keys() or "FitRecord" not in content["callbacks"]:
        raise CommandError(f"{path} is not a checkpoint of `recsys fit`.")
    return content


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors that a user can mend are printed without a traceback, with exit status 1."""
    logging.basicConfig(format="%(message)s")
    logging.getLogger("data").setLevel(logging.INFO)
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)  # no tips, seeds and hardware lists
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # retries; `data` says what came of them
    for expected in (
        ".*does not have many workers",  # a batch is a slice of arrays in memory; workers would copy it
        "The number of training batches",  # a full batch is an epoch of one step; logging counts on across epochs
        "Checkpoint directory .* exists",  # NAME/selection.ckpt is replaced on purpose
        "Be aware that when using `ckpt_path`, callbacks",  # of a fit; testing and predicting need none of them
        ".*LeafSpec",  # Lightning's own use of a deprecated torch name
    ):
        warnings.filterwarnings("ignore", expected)
    try:
        RecsysCLI(
            RatingModel,
            MovieLensDataModule,
            subclass_mode_model=True,
            seed_everything_default=0,
            save_config_kwargs={"overwrite": True},
            parser_kwargs={"description": __doc__, "default_env": True, "env_prefix": "RECSYS"}
            | {
                name: {"description": what, "default_config_files": [str(BASE_CONFIG)]}
                for name, what in DESCRIPTIONS.items()
            },
            args=arguments,
        )
    except (CommandError, DataError, NonFiniteLossError, SettingsError, artifact.ArtifactError) as error:
        print(f"recsys: {error}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
