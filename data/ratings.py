"""Ratings as one immutable value, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from typing_extensions import override

from data.errors import UnknownTimesError
from data.ids import Ids

# How far a rating may be from a step, as a share of it. Ratings of up to 100 that were float32 once are off by 4e-6,
# that is 4e-4 of a step of 0.01; nobody means a step by a number that is further away.
_TOLERANCE = 1e-3

Indices = npt.NDArray[np.integer[Any]]
"""Of 64 bits in memory, and of 32 where they are mapped from a file."""


@dataclass(frozen=True)
class RatingScale:
    """The ratings a user can give: minimum, minimum + step, ..., maximum; all between them where there is no step."""

    minimum: float
    maximum: float
    step: float | None = None

    @override
    def __str__(self) -> str:
        if self.step is None:
            return f"{self.minimum:g} … {self.maximum:g}"
        return f"{self.minimum:g}, {self.minimum + self.step:g}, ... {self.maximum:g}"

    def nearest(self, values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
        """The ratings (n,) that values (n,) stand for, and whether each is on the scale.

        Steps such as 0.1 have no exact binary value: 1.1 − 1 is not 0.1, and programs write 3.5000000000000004 for 3.5.
        """
        if self.step is None:
            return values, (values >= self.minimum) & (values <= self.maximum)
        steps = np.rint((values - self.minimum) / self.step)
        nearest = self.minimum + steps * self.step
        with np.errstate(invalid="ignore"):  # an infinite rating is as far from the nearest step as can be
            near = np.abs(values - nearest) <= _TOLERANCE * self.step
        return nearest, near & (steps >= 0) & (steps <= round((self.maximum - self.minimum) / self.step))


@dataclass(frozen=True, eq=False, repr=False)
class Ratings:
    """n ratings of n_items items by n_users users, in the order of the file they come from.

    The users and items that occur in the ratings are numbered 0, 1, ... by ascending original id, and row i
    of a table describes user or item i. The arrays cannot be written to.
    """

    name: str
    """What the data set is called: in the catalogue, such as "100k", or by its file, such as "plays.csv"."""
    users: Indices  # (n,), each in 0 .. n_users - 1
    items: Indices  # (n,), each in 0 .. n_items - 1
    values: npt.NDArray[np.float32]  # (n,), the ratings, such as stars
    timestamps: npt.NDArray[np.int64] | None  # (n,), in seconds since the epoch; None where nobody knows them
    user_ids: Ids  # (n_users,), the original ids, ascending
    item_ids: Ids  # (n_items,), the original ids, ascending
    scale: RatingScale
    user_table: pd.DataFrame
    """By user_id, any columns. Of MovieLens: age, gender, occupation, zip_code, where the publisher says them."""
    item_table: pd.DataFrame
    """By item_id, any columns. Known ones: title without year (str), year (Int64, may be missing), genres (tuple of
    str, sorted)."""
    sha256: str
    """Hash of what the ratings are. For 100k, that of u.data."""
    source: str
    """Who served the files, for a person to read."""
    left_out: int = 0
    """Ratings of pairs that were rated several times, beyond the one of each that is kept."""

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

    def pairs(self, rows: npt.NDArray[np.integer[Any]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Users and items of some rows (k,), each (k,), in 64 bits, as torch takes indices."""
        return self.users[rows].astype(np.int64, copy=False), self.items[rows].astype(np.int64, copy=False)

    def times_of(self, users: npt.NDArray[np.int64], items: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """When the ratings (n,) of items (n,) by users (n,) were given, in seconds since the epoch.

        Raises:
            UnknownTimesError: the ratings have no times.
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
        times = self.require_times()
        pairs = self.users.astype(np.int64) * self.n_items + self.items
        order = np.argsort(pairs, kind="stable")
        return pairs[order], times[order]

    def require_times(self) -> npt.NDArray[np.int64]:
        """When the ratings were given, (n,), in seconds since the epoch.

        Raises:
            UnknownTimesError: the ratings have no times.
        """
        if self.timestamps is None:
            raise UnknownTimesError(
                f"{self.name} does not say when its ratings were given. Name the column of times "
                "(--data.columns.time NAME), or use a split without time, and a model without it, such as that of "
                "best-ratings."
            )
        return self.timestamps

    def __len__(self) -> int:
        """Return the number of ratings."""
        return self.values.size

    @override
    def __repr__(self) -> str:
        return (
            f"<Ratings {self.name}: {len(self):,} ratings in {self.scale} of {self.n_items:,} items by "
            f"{self.n_users:,} users, from {self.source}>"
        )
