"""Prepared ratings as a Lightning data module: arrays on disk, which are mapped."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from data.datamodules.base import Batch, RatingsDataModule, as_batch
from data.datamodules.training_part import counts_of_users, first_rows, part_in_order
from data.prepared import Prepared, comes_with_test
from data.prepared.form import MANIFEST
from data.ratings import Ratings
from data.sorted_ratings import BothOrders
from data.splits import GIVEN, Split, given_split


class PreparedDataModule(RatingsDataModule):
    """Batches of prepared ratings, split as those of their source are: the same rows for the same seed."""

    def __init__(
        self,
        folder: Path,
        split: str | float = "0.9",
        seed: int = 0,
        validation: float = 0.1,
        batch_size: int | None = None,
    ) -> None:
        """Say which ratings, and how they are divided. No more than the manifest is read yet.

        Args:
            folder: what `recsys prepare` has made. Where it was given ratings to test on, `split` is not used.
            split: share of training ratings in a random split (0.9, 0.8), a fold of a random k-fold (kfold-5-1), a
                split by time (time-0.9), an official fold of MovieLens 100k (u1 … u5, ua, ub), or all, which leaves
                none to test on.
            seed: seed of the random splits and of the order of batches.
            validation: share of the training ratings to hold out for choosing the number of epochs; 0 for none.
            batch_size: ratings in a batch, drawn in a new order each epoch; the whole training set if not given.

        Raises:
            ValueError: validation is not in [0, 1), batch_size is less than 1, or the seed is negative.
            UnknownSplitError: there is no such split.
        """
        super().__init__(split, seed, validation, batch_size)
        self.folder = Path(folder)
        if comes_with_test(self.folder):
            self.split_name = GIVEN

    @cached_property
    def prepared(self) -> Prepared:
        """The ratings as they lie on the disk, also in order of users and of items.

        Raises:
            PreparedFolderError: the folder holds none, or they are not whole.
        """
        manifest = self.folder / MANIFEST
        return _open_once(self.folder, manifest.stat().st_mtime_ns if manifest.exists() else None)

    @cached_property
    @override
    def split(self) -> Split:
        if not comes_with_test(self.folder):
            return super().split
        return given_split(self.prepared.manifest.n_train, len(self.ratings))

    @property
    @override
    def ratings(self) -> Ratings:
        return self.prepared.ratings

    @override
    def training_set(self) -> Batch:
        if len(self.users) < self.ratings.n_users:
            by_user = self._orders.by_user
            return as_batch(by_user.sides.astype(np.int64), by_user.others.astype(np.int64), by_user.values)
        rows = self._parts[0]
        if rows.size != rows[-1] + 1:  # others lie between them
            return super().training_set()
        return as_batch(*first_rows(self.prepared, rows.size))

    @cached_property
    @override
    def _orders(self) -> BothOrders:
        rows, users = self._parts[0], self.users
        is_all = len(users) == self.ratings.n_users
        size = rows.size if is_all else int(self._training_counts[users.start : users.stop].sum())
        return BothOrders(*(part_in_order(self.prepared, side, rows, users, size) for side in ("user", "item")))

    @cached_property
    @override
    def _training_counts(self) -> npt.NDArray[np.int64]:
        return counts_of_users(self.prepared, self._parts[0])


@lru_cache(maxsize=1)
def _open_once(folder: Path, _changed: int | None) -> Prepared:
    """Prepared ratings, mapped once for all data modules that follow one another; anew when they have changed."""
    return Prepared(folder)
