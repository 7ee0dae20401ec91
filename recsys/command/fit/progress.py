"""How far a fit is, shown on a terminal."""

from __future__ import annotations

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typing_extensions import override


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

    @override
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._bar.start()
        self._bar.add_task("fit", total=trainer.max_epochs, completed=trainer.current_epoch, figures="")

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        shown = {name: trainer.progress_bar_metrics.get(name) for name in ("train_loss", "val_rmse")}
        figures = "  ".join(f"{name} {float(value):.4f}" for name, value in shown.items() if value is not None)
        self._bar.update(self._bar.task_ids[0], completed=trainer.current_epoch + 1, figures=figures)

    @override
    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._bar.stop()

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._bar.stop()
