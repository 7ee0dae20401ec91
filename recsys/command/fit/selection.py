"""The number of epochs of a fit, chosen on validation ratings."""

from __future__ import annotations

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from typing_extensions import override


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
        self.best_metrics: dict[str, float] = {}  # val_rmse and the others, as they were after `best_epochs`
        self.best_epochs = 0
        self._waited = 0

    @property
    def best_rmse(self) -> float:
        """The lowest validation RMSE so far; infinity before the first."""
        return self.best_metrics.get("val_rmse", float("inf"))

    @override
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self._waited >= self.patience  # resumed when it was over already

    @override
    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val_")}
        if metrics["val_rmse"] < self.best_rmse - self.min_delta:
            self.best_metrics, self.best_epochs, self._waited = metrics, trainer.current_epoch + 1, 0
            return
        self._waited += 1
        trainer.should_stop = trainer.should_stop or self._waited >= self.patience

    @override
    def state_dict(self) -> dict[str, Any]:
        return {"best_metrics": self.best_metrics, "best_epochs": self.best_epochs, "waited": self._waited}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.best_metrics = state_dict["best_metrics"]
        self.best_epochs = state_dict["best_epochs"]
        self._waited = state_dict["waited"]
