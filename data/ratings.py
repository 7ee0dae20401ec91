"""Ratings as one immutable value, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import override


@dataclass(frozen=True)
class RatingScale:
    """The ratings a user can give: minimum, minimum + step, ..., maximum, in stars."""

    minimum: float
    maximum: float
    step: float

    @override
    def __str__(self) -> str:
        return f"{self.minimum:g}, {self.minimum + self.step:g}, ... {self.maximum:g}"


@dataclass(frozen=True, eq=False, repr=False)
class Ratings:
    """n ratings of n_items items by n_users users, in the order of the file they come from.

    The users and items that occur in the ratings are numbered 0, 1, ... by ascending original id, and row i
    of a table describes user or item i. The arrays cannot be written to.
    """

    name: str
    """The data set's name in the catalogue, such as "100k"."""
    users: npt.NDArray[np.int64]  # (n,), each in 0 .. n_users - 1
    items: npt.NDArray[np.int64]  # (n,), each in 0 .. n_items - 1
    values: npt.NDArray[np.float32]  # (n,), the ratings, in stars
    timestamps: npt.NDArray[np.int64]  # (n,), in seconds since the epoch
    user_ids: npt.NDArray[np.int64]  # (n_users,), the original ids, ascending
    item_ids: npt.NDArray[np.int64]  # (n_items,), the original ids, ascending
    scale: RatingScale
    user_table: pd.DataFrame
    """By user_id: age, gender, occupation, zip_code; no columns where the publisher says nothing of users."""
    item_table: pd.DataFrame
    """By item_id: title without year (str), year (Int64, may be missing), genres (tuple of str, sorted)."""
    sha256: str
    """Hash of the rows of the ratings file, without its header if it has one: for 100k, of u.data."""
    source: str
    """Who served the files, for a person to read."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                view = value.view()  # so that an array of the caller's stays as it is
                view.flags.writeable = False
                object.__setattr__(self, field.name, view)

    @property
    def n_users(self) -> int:
        """Number of users with at least one rating."""
        return self.user_ids.size

    @property
    def n_items(self) -> int:
        """Number of items with at least one rating."""
        return self.item_ids.size

    def times_of(self, users: npt.NDArray[np.int64], items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """When the ratings (n,) of items (n,) by users (n,) were given, in seconds since the epoch.

        Raises:
            ValueError: a pair is not among the ratings.
        """
        pairs, times = self._times
        asked = users * self.n_items + items
        places = np.searchsorted(pairs, asked).clip(max=pairs.size - 1)
        if (pairs[places] != asked).any():
            raise ValueError("the data set does not say when a pair was rated that it has no rating of")
        asked_times: npt.NDArray[np.int64] = times[places]
        return asked_times

    @cached_property
    def _times(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Every rated pair as user · n_items + item, ascending, and when it was rated."""
        pairs = self.users * self.n_items + self.items
        order = np.argsort(pairs, kind="stable")
        return pairs[order], self.timestamps[order]

    def __len__(self) -> int:
        """Return the number of ratings."""
        return self.values.size

    @override
    def __repr__(self) -> str:
        return (
            f"<Ratings {self.name}: {len(self):,} ratings in {self.scale} of {self.n_items:,} items by "
            f"{self.n_users:,} users, from {self.source}>"
        )
