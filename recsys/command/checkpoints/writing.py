"""Checkpoints of a fit: one file a stage, whole at any moment, also when Ctrl-C ends the fit."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO
from typing_extensions import override

from recsys.files import written_atomically


class WholeCheckpoints(TorchCheckpointIO):
    """Writes checkpoints beside their place and renames them; knows which it wrote last."""

    def __init__(self) -> None:
        super().__init__()
        self.written: Path | None = None

    @override
    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        """Write a checkpoint, or leave what was there.

        Raises:
            OSError: the folder cannot be written to, or is full.
        """
        with written_atomically(Path(path)) as file:
            patient = _Patient(file)
            torch.save(checkpoint, patient)  # type: ignore[arg-type]  # all that it uses
            patient.require_written()
        self.written = Path(path)


class _Patient:
    """A file that says only at the end what went wrong: torch ends the process where a write fails."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._problem: OSError | None = None

    def write(self, data: bytes) -> int:
        if self._problem is None:
            try:
                self._file.write(data)
            except OSError as problem:
                self._problem = problem
        return len(data)

    def flush(self) -> None:
        """Do nothing, which whoever opened the file does."""

    def require_written(self) -> None:
        if self._problem is not None:
            raise self._problem


class EpochCheckpoints(ModelCheckpoint):
    """Keeps the newest state of a stage in one file, and makes Ctrl-C wait for the end of the epoch.

    Only there does a fit that goes on end with the numbers of one that was never stopped. A second Ctrl-C does not
    wait.
    """

    def __init__(self, file: Path, every_n_epochs: int) -> None:
        """Say where, and how many epochs lie between two checkpoints."""
        super().__init__(
            dirpath=file.parent,
            filename=file.stem,
            every_n_epochs=every_n_epochs,
            save_on_train_epoch_end=True,
            enable_version_counter=False,  # one file for each stage, replaced as training goes on
        )
        self._file = file
        self._asked_to_stop = False
        self._handler_before: Any = None

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_start(trainer, pl_module)
        # Not before, since Lightning puts back the handlers that it found when it set up its own.
        if threading.current_thread() is threading.main_thread() and not trainer.fast_dev_run:  # type: ignore[attr-defined]  # Trainer's
            self._handler_before = signal.signal(signal.SIGINT, self._ask_to_stop)

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        super().on_train_epoch_end(trainer, pl_module)
        if trainer.strategy.reduce_boolean_decision(self._asked_to_stop, all=False):  # of any process
            trainer.save_checkpoint(self._file)
            raise KeyboardInterrupt

    @override
    def state_dict(self) -> dict[str, Any]:
        """Nothing, as the file is replaced wherever it is."""
        return {}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Do nothing, where ModelCheckpoint compares the folder with that of an older version's checkpoint."""

    @override
    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self._restore_handler()

    @override
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        self._restore_handler()

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        if self._asked_to_stop:
            raise KeyboardInterrupt
        self._asked_to_stop = True
        os.write(2, b"\nrecsys: stopping after this epoch; Ctrl-C again stops at once.\n")  # print may be interrupted

    def _restore_handler(self) -> None:
        if self._handler_before is not None:
            signal.signal(signal.SIGINT, self._handler_before)
            self._handler_before = None
