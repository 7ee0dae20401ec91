"""What every source of ratings shares as a Lightning data module: splits, and batches of (users, items, ratings)."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pytorch_lightning as pl
import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler
from typing_extensions import override

from data.errors import OptionError
from data.ratings import Ratings
from data.sorted_ratings import BothOrders, both_orders
from data.splits import Rows, Split, canonical_name, carve_validation, make_split

Batch = tuple[Tensor, Tensor, Tensor]  # users (n,), items (n,) as dense indices; ratings (n,) float32
_EVALUATION_BATCH = 1 << 17  # ratings predicted at once; bounds memory on the larger data sets
_COUNTED = 1 << 20  # ratings whose users are counted at once


class RatingsDataModule(pl.LightningDataModule, ABC):
    """Batches of ratings, split into training, validation and test ratings.

    The validation part is carved out of the training part only; with `validation` 0 the model sees all of it. Test
    ratings are never trained on or chosen by.

    The processes of `torch.distributed`, where there are several, share the users out: each has a range of them, with
    their ratings, and numbers them from 0. Then `ratings` and `split` are of all users, and all else is of its own.
    """

    def __init__(
        self, split: str | float = "0.9", seed: int = 0, validation: float = 0.1, batch_size: int | None = None
    ) -> None:
        """Say how the ratings are divided; a subclass says which they are.

        Args:
            split: a split of `data.splits`.
            seed: seed of the random splits and of the order of batches.
            validation: share of the training ratings to hold out for choosing the number of epochs; 0 for none.
            batch_size: ratings in a batch, drawn in a new order each epoch; the whole training set if not given.

        Raises:
            ValueError: validation is not in [0, 1), batch_size is less than 1, or the seed is negative.
            UnknownSplitError: there is no such split.
        """
        super().__init__()
        split = canonical_name(split)  # before the hyper-parameters are saved, which are compared at a resume
        if not 0 <= validation < 1:
            raise ValueError(f"validation must be a share of the training ratings in [0, 1), not {validation}")
        if batch_size is not None and batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size}")
        if seed < 0:
            raise ValueError(f"a split's seed must be 0 or more, not {seed}")
        kept = {"split": split, "seed": seed, "validation": validation, "batch_size": batch_size}
        others = inspect.signature(type(self)).parameters.keys() - kept  # Lightning compares them, and tables cannot be
        self.save_hyperparameters(kept, ignore=list(others))
        self.split_name = split
        self.seed = seed
        self.validation = validation
        self.batch_size = batch_size

    @property
    @abstractmethod
    def ratings(self) -> Ratings:
        """The whole data set; read, and downloaded if need be, when it is first asked for."""

    @cached_property
    def split(self) -> Split:
        """Row numbers of the training and test ratings."""
        return make_split(self.ratings, self.split_name, self.seed)

    @property
    def n_users(self) -> int:
        """Number of users in the whole data set, or of this process."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """Number of items in the whole data set."""
        return self.ratings.n_items

    @cached_property
    def users(self) -> range:
        """The users of this process, who have about as many training ratings as those of any other.

        Raises:
            OptionError: there are fewer users than processes.
        """
        n, (processes, own) = self.ratings.n_users, _processes()
        if processes == 1:
            return range(n)
        if n < processes:
            raise OptionError(f"{n} users cannot be shared out among {processes} processes; give fewer of them")
        ends = np.cumsum(self._training_counts)
        place = np.arange(1, processes)
        begins = np.searchsorted(ends, ends[-1] * place // processes, side="right")
        begins = (np.maximum.accumulate(begins - place) + place).clip(place, n - processes + place)  # one user at least
        bounds = [0, *begins.tolist(), n]
        return range(*bounds[own : own + 2])

    @property
    def rating_scale(self) -> tuple[float, float]:
        """Least and greatest rating."""
        return (self.ratings.scale.minimum, self.ratings.scale.maximum)

    @override
    def prepare_data(self) -> None:
        """Have the data set on this machine; called in one process of several."""
        _ = self.ratings

    def training_set(self) -> Batch:
        """All ratings the model may learn from, without the validation part."""
        return self._batch(self._of_users(self._parts[0]))

    def sorted_training_set(self) -> BothOrders:
        """The same ratings user by user, and item by item; sorted when they are first asked for."""
        return self._orders

    def rating_times(self, users: Tensor, items: Tensor) -> Tensor:
        """When the ratings (n,) of users (n,) of items (n,) were given, in seconds since the epoch.

        Raises:
            ValueError: a pair is not among the ratings of the data set.
        """
        return torch.from_numpy(self.ratings.times_of(users.numpy() + self.users.start, items.numpy()))

    @override
    def train_dataloader(self) -> DataLoader[Batch | WholeTrainingSet]:
        """The training ratings, as one batch or in shuffled ones."""
        rows = self._parts[0]
        size = self.batch_size or rows.size
        if size >= rows.size:
            return DataLoader([WholeTrainingSet(self.training_set)], batch_size=None)  # type: ignore[arg-type]  # as one
        return DataLoader(_Rows(self, rows), sampler=_ShuffledBatches(rows.size, size, self.seed), batch_size=None)

    @override
    def val_dataloader(self) -> list[DataLoader[Batch]]:
        """The validation ratings; no loader when there are none."""
        rows = self._parts[1]
        return [self._in_order(self._of_users(rows))] if rows.size else []

    @override
    def test_dataloader(self) -> DataLoader[Batch]:
        """The test ratings, in the order of the file."""
        return self._in_order(self._of_users(self.split.test))

    @override
    def predict_dataloader(self) -> DataLoader[Batch]:
        """The test ratings again: what a prediction file is compared with."""
        return self.test_dataloader()

    @cached_property
    def _parts(self) -> tuple[Rows, Rows]:
        if self.validation == 0:
            return self.split.train, self.split.train[:0]
        return carve_validation(self.ratings, self.split, self.validation, self.seed)

    def _of_users(self, rows: Rows) -> Rows:
        """Those of some rows that are of this process's users."""
        if len(self.users) == self.ratings.n_users:
            return rows
        blocks = (rows[start : start + _COUNTED] for start in range(0, rows.size, _COUNTED))
        return np.concatenate([block[self._are_own(self.ratings.users[block])] for block in blocks] or [rows])

    def _are_own(self, users: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        own: npt.NDArray[np.bool_] = (users >= self.users.start) & (users < self.users.stop)
        return own

    @cached_property
    def _training_counts(self) -> npt.NDArray[np.int64]:
        """How many training ratings each user of the whole data set has, (n_users,)."""
        rows, counts = self._parts[0], np.zeros(self.ratings.n_users, np.int64)
        for start in range(0, rows.size, _COUNTED):
            counts += np.bincount(self.ratings.users[rows[start : start + _COUNTED]], minlength=counts.size)
        return counts

    @cached_property
    def _orders(self) -> BothOrders:
        users, items, ratings = (part.numpy() for part in self.training_set())
        return both_orders(users, items, ratings, len(self.users), self.n_items)

    def _in_order(self, rows: Rows) -> DataLoader[Batch]:
        starts = range(0, max(rows.size, 1), _EVALUATION_BATCH)  # one batch at least: other processes may have some
        batches = [np.arange(i, min(i + _EVALUATION_BATCH, rows.size)) for i in starts]
        return DataLoader(_Rows(self, rows), sampler=batches, batch_size=None)

    def _batch(self, rows: Rows) -> Batch:
        users, items = self.ratings.pairs(rows)
        if self.users.start:
            users = users - self.users.start
        return as_batch(users, items, self.ratings.values[rows])


def _processes() -> tuple[int, int]:
    """How many there are, and which of them this is, as in `recsys.share`, on which no data module can stand."""
    joined = dist.is_available() and dist.is_initialized()
    return (dist.get_world_size(), dist.get_rank()) if joined else (1, 0)


def as_batch(users: npt.NDArray[np.int64], items: npt.NDArray[np.int64], values: npt.NDArray[np.float32]) -> Batch:
    """The arrays (n,) as a batch, which shares their memory."""
    return torch.from_numpy(users), torch.from_numpy(items), torch.from_numpy(values)


class WholeTrainingSet:
    """All training ratings as one batch (users, items, ratings), which are gathered when they are first looked at.

    A model that has them in an order of its own does not look, so they take no memory.
    """

    def __init__(self, gather: Callable[[], Batch]) -> None:
        """Take what gathers them."""
        self._gather = gather

    def __iter__(self) -> Iterator[Tensor]:
        """Users (n,), items (n,) and ratings (n,)."""
        return iter(self._batch)

    def __getitem__(self, place: int) -> Tensor:
        """Users, items or ratings."""
        return self._batch[place]

    def to(self, device: torch.device, **options: Any) -> WholeTrainingSet:
        """The same on a device, where Lightning asks for it."""
        if device.type == "cpu":
            return self
        users, items, ratings = (part.to(device, **options) for part in self)
        return WholeTrainingSet(lambda: (users, items, ratings))

    @cached_property
    def _batch(self) -> Batch:
        return self._gather()


class _Rows(Dataset[Batch]):
    """Some rows of the ratings, of which an array of positions gives a batch."""

    def __init__(self, data: RatingsDataModule, rows: Rows) -> None:
        self.users, self.items, self.ratings = data._batch(rows)

    @override
    def __getitem__(self, positions: npt.NDArray[np.int64]) -> Batch:
        index = torch.from_numpy(positions)
        return self.users[index], self.items[index], self.ratings[index]


class _ShuffledBatches(Sampler[npt.NDArray[np.int64]]):
    """Positions 0 … n−1 in batches; the order depends on (seed, epoch) alone, so a resumed run sees the same."""

    def __init__(self, n: int, size: int, seed: int) -> None:
        self.n = n
        self.size = size
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return -(-self.n // self.size)

    @override
    def __iter__(self) -> Iterator[npt.NDArray[np.int64]]:
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.n)
        for start in range(0, self.n, self.size):
            yield order[start : start + self.size]
