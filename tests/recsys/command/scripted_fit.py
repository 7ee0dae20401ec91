"""Real fits of a model whose validation curve is written down beforehand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor
from torch.utils.data import DataLoader
from typing_extensions import override

from tests.recsys.small_ratings import trainer


class Scripted(pl.LightningModule):
    """Logs the given validation RMSE after each epoch; `rehearsal` is what it logs in a sanity check."""

    def __init__(self, curve: list[float], rehearsal: float = 0.0) -> None:
        super().__init__()
        self.curve, self.rehearsal = curve, rehearsal
        self.weight = torch.nn.Parameter(torch.ones(()))

    @override
    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss = self.weight.square()
        self.log("train_loss", loss, prog_bar=True)
        return loss

    @override
    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        checking = self.trainer.sanity_checking
        self.log("val_rmse", self.rehearsal if checking else self.curve[self.current_epoch], prog_bar=True)

    @override
    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def batches() -> DataLoader[Tensor]:
    return DataLoader(torch.zeros(1, 1))  # type: ignore[arg-type]  # a tensor is a data set to torch


def fit(curve: list[float], *callbacks: pl.Callback, ckpt_path: Path | None = None, **options: Any) -> pl.Trainer:
    fitting = trainer(callbacks=list(callbacks), **{"max_epochs": len(curve), **options})
    fitting.fit(Scripted(curve), batches(), batches(), ckpt_path=ckpt_path)
    return fitting


def every_epoch(directory: Path) -> pl.Callback:
    return ModelCheckpoint(directory, "{epoch}", save_top_k=-1, every_n_epochs=1, save_on_train_epoch_end=True)


def state_in(checkpoint: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(checkpoint, weights_only=True)["callbacks"]["FitRecord"]
    return state
