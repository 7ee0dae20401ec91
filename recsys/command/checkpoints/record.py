"""What a checkpoint says of the fit that it is of: its stage, what it was asked for, and what came out so far."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from typing_extensions import override

FORMAT = 7  # of checkpoints; raised when an older one could not be resumed to the same numbers. Format 1 had no number.
VERSIONS = {name: version(name) for name in ("torch", "pytorch-lightning", "numpy")}  # by which numbers may differ


class FitRecord(Callback):
    """Which stage of a run this fit is, how long it is to be, and how many seconds it has taken, also over a resume.

    All of it is in each checkpoint, as plain values, with the settings and the data of the fit.
    """

    def __init__(
        self,
        stage: str,
        configuration: Mapping[str, Any] | None = None,
        data_sha256: str = "",
    ) -> None:
        """Set what is known before the fit.

        Args:
            stage: "selection" on the part without validation ratings, or "refit" on all training ratings.
            configuration: the settings that decide the outcome, by section.
            data_sha256: hash of the ratings.
        """
        self.stage = stage
        self.epochs: int | None = None  # that the stage may take
        self.seconds = 0.0  # that this stage and those before it took
        self.validation: dict[str, float] = {}  # metrics of the selection, at the number of epochs that it chose
        self.configuration = dict(configuration or {})
        self.data_sha256 = data_sha256
        self._since: float | None = None

    @override
    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.epochs = trainer.max_epochs
        self._since = time.perf_counter()

    @override
    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.seconds, self._since = self._elapsed(), None

    @override
    def state_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "stage": self.stage,
            "epochs": self.epochs,
            "seconds": self._elapsed(),
            "validation": self.validation,
            "configuration": self.configuration,
            "data_sha256": self.data_sha256,
            "versions": VERSIONS,
        }

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.stage = state_dict["stage"]
        self.seconds = state_dict["seconds"]
        self.validation = state_dict["validation"]

    def _elapsed(self) -> float:
        return self.seconds + (time.perf_counter() - self._since if self._since is not None else 0.0)
