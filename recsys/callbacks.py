"""What accompanies a fit: choosing the number of epochs on validation data, and a record that survives a resume."""

from __future__ import annotations

import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class EpochSelection(Callback):
    """Remembers the epoch with the lowest validation RMSE and stops when it has not been beaten for a while.

    The model is then trained anew, on all training ratings, for as many epochs (Prechelt, "Early stopping — but when?",
    1998). Without validation ratings it does nothing.
    """

    def __init__(self, patience: int = 10, min_delta: float = 0.0) -> None:
        """Set when to give up.

        Args:
            patience: validations without a new best before training stops.
            min_delta: by how much, in RMSE, a validation must beat the best one to count as better.

        Raises:
            ValueError: patience is less than 1, or min_delta is negative.
        """
        if patience < 1 or min_delta < 0:
            raise ValueError(f"patience must be at least 1 and min_delta at least 0, not {patience} and {min_delta}")
        self.patience = patience
        self.min_delta = min_delta
        self.best_rmse = float("inf")
        self.best_epochs = 0
        self._waited = 0

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        rmse = float(trainer.callback_metrics["val_rmse"])
        if rmse < self.best_rmse - self.min_delta:
            self.best_rmse, self.best_epochs, self._waited = rmse, trainer.current_epoch + 1, 0
            return
        self._waited += 1
        trainer.should_stop = trainer.should_stop or self._waited >= self.patience

    def state_dict(self) -> dict[str, Any]:
        return {"best_rmse": self.best_rmse, "best_epochs": self.best_epochs, "waited": self._waited}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_rmse = state_dict["best_rmse"]
        self.best_epochs = state_dict["best_epochs"]
        self._waited = state_dict["waited"]


class FitRecord(Callback):
    """Which stage of a run this fit is, how long it is to be, and how many seconds it has taken, also over a resume."""

    def __init__(self, stage: str, seconds_before: float = 0.0) -> None:
        """Set what is known before the fit.

        Args:
            stage: "selection" on the part without validation ratings, or "refit" on all training ratings.
            seconds_before: seconds that an earlier stage took.
        """
        self.stage = stage
        self.epochs: int | None = None  # that the stage may take
        self.seconds = seconds_before
        self._since: float | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.epochs = trainer.max_epochs
        self._since = time.perf_counter()

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.seconds, self._since = self._elapsed(), None

    def state_dict(self) -> dict[str, Any]:
        return {"stage": self.stage, "epochs": self.epochs, "seconds": self._elapsed()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.stage = state_dict["stage"]
        self.seconds = state_dict["seconds"]

    def _elapsed(self) -> float:
        return self.seconds + (time.perf_counter() - self._since if self._since is not None else 0.0)


class EpochProgress(Callback):
    """A progress bar over the epochs of a fit, with the training loss and the validation RMSE behind it.

    Lightning's own bars count the batches of an epoch; with full batches that is one.
    """

    def __init__(self, stage: str) -> None:
        """Set the name before the bar."""
        self._bar = Progress(
            TextColumn(f"{stage:>9}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
        )

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._bar.start()
        self._bar.add_task("fit", total=trainer.max_epochs, completed=trainer.current_epoch, figures="")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        shown = {name: trainer.progress_bar_metrics.get(name) for name in ("train_loss", "val_rmse")}
        figures = "  ".join(f"{name} {float(value):.4f}" for name, value in shown.items() if value is not None)
        self._bar.update(self._bar.task_ids[0], completed=trainer.current_epoch + 1, figures=figures)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._bar.stop()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._bar.stop()
