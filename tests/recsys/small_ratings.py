"""A small data set whose ratings are known, and fits to it that take a fraction of a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from typing_extensions import override

from data.datamodules import Batch
from data.sorted_ratings import BothOrders, both_orders
from recsys import artifact
from recsys.models import RatingModel
from recsys.starts import DampedMeans

N_USERS, N_ITEMS = 30, 24
MakeOptimizer = Callable[[Iterator[Parameter]], Optimizer]


def _planted_ratings() -> Tensor:
    """Mean 3.2, user and item effects, and one more direction, clipped to 1 … 5: (N_USERS, N_ITEMS), near rank 3."""
    generator = torch.Generator().manual_seed(0)
    users, items = torch.randn(2, N_USERS, 1, generator=generator), torch.randn(2, 1, N_ITEMS, generator=generator)
    return (3.2 + 0.5 * users[0] + 0.4 * items[0] + 0.6 * users[1] * items[1]).clamp(1, 5)


def _batches(part: Batch, sizes: list[int]) -> DataLoader[Batch]:
    batches = zip(*(torch.split(whole, sizes) for whole in part), strict=True)
    return DataLoader(list(batches), batch_size=None)  # type: ignore[arg-type]  # a list is a data set to torch


class SmallRatings(pl.LightningDataModule):
    """504 of the 720 ratings to learn from, 100 to validate on, 116 to test on, in batches of unequal sizes."""

    def __init__(self, full_batches: bool = True) -> None:
        super().__init__()
        ratings = _planted_ratings()
        places = torch.randperm(ratings.numel(), generator=torch.Generator().manual_seed(1))
        users, items = places // N_ITEMS, places % N_ITEMS
        every = (users, items, ratings[users, items])
        self.train, self.validation, self.test = (
            (every[0][part], every[1][part], every[2][part])
            for part in (slice(0, 504), slice(504, 604), slice(604, None))
        )
        self.train_sizes = [504] if full_batches else [200, 200, 104]

    def training_set(self) -> Batch:
        return self.train

    def sorted_training_set(self) -> BothOrders:
        users, items, ratings = (part.numpy() for part in self.train)
        return both_orders(users, items, ratings, N_USERS, N_ITEMS)

    @override
    def train_dataloader(self) -> DataLoader[Batch]:
        return _batches(self.train, self.train_sizes)

    @override
    def val_dataloader(self) -> DataLoader[Batch]:
        return _batches(self.validation, [97, 3])

    @override
    def test_dataloader(self) -> DataLoader[Batch]:
        return _batches(self.test, [1, 115])

    @override
    def predict_dataloader(self) -> DataLoader[Batch]:
        return self.test_dataloader()


def trainer(**options: Any) -> pl.Trainer:
    """Return a trainer that writes nothing but what it is asked for."""
    quiet = {
        "accelerator": "cpu",
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
        "log_every_n_steps": 1000,
    }
    return pl.Trainer(**{**quiet, **options})


def fit(
    model: RatingModel,
    optimizer: MakeOptimizer,
    data: SmallRatings | None = None,
    ckpt_path: object = None,
    **options: Any,
) -> pl.Trainer:
    """Fit from seed 0 and return the trainer."""
    pl.seed_everything(0, verbose=False)
    model.configure_optimizers = lambda: optimizer(model.parameters())  # type: ignore[method-assign]  # as LightningCLI
    fitting = trainer(**options)
    fitting.fit(model, datamodule=data or SmallRatings(), ckpt_path=ckpt_path)  # type: ignore[arg-type]  # a path
    return fitting


def rmse(model: RatingModel, part: Batch) -> float:
    users, items, ratings = part
    return float((model.rate(users, items) - ratings).detach().double().square().mean().sqrt())


def every_pair() -> tuple[Tensor, Tensor]:
    """Return users and items (N_USERS · N_ITEMS,) of all entries of the matrix, row by row."""
    return torch.arange(N_USERS).repeat_interleave(N_ITEMS), torch.arange(N_ITEMS).repeat(N_USERS)


def as_artefact(model: RatingModel, data: SmallRatings) -> artifact.Artifact:
    """What a trained model exports, in memory, with ids that are not the positions."""
    users, items, ratings = data.training_set()
    order = torch.argsort(users * N_ITEMS + items)
    means = DampedMeans().effects(users, items, ratings, N_USERS, N_ITEMS)
    manifest = artifact.Manifest(
        kind=type(model).__name__,
        recipe="a test",
        rating_scale=model.rating_scale,
        rating_step=None,
        global_mean=means.mean,
        split="0.9",
        seed=0,
        metrics={},
        data_name="made up",
        data_sha256="",
        created="",
        configuration={},
    )
    known: dict[str, artifact.Array] = {
        "user_ids": np.arange(N_USERS) * 10 + 7,
        "item_ids": np.arange(N_ITEMS) * 3 + 1,
        "user_means": means.users.numpy(),
        "item_means": model.known_rows.item_means.numpy(),
        "new_item_mean": model.known_rows.new_item_mean.numpy()[None],
        "rating_users": users[order].numpy().astype(np.int32),
        "rating_items": items[order].numpy().astype(np.int32),
        "rating_values": ratings[order].numpy(),
    }
    films = artifact.ItemTable(("",) * N_ITEMS, (None,) * N_ITEMS, ((),) * N_ITEMS)
    return artifact.Artifact(manifest, {**model.arrays(), **known}, films)
