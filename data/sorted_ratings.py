"""Ratings user by user and item by item, as sums over the ratings of each read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class SortedRatings:
    """The ratings in order of one side: those of user (or item) k are starts[k] … starts[k + 1] − 1."""

    starts: npt.NDArray[np.int64]  # (n_side + 1,)
    others: npt.NDArray[np.int32]  # (n,), items of users, or users of items, ascending within each
    values: npt.NDArray[np.float32]  # (n,)

    def __len__(self) -> int:
        """How many users (or items) there are."""
        return self.starts.size - 1

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """How many ratings each has, (n_side,)."""
        return np.diff(self.starts)

    @property
    def sides(self) -> npt.NDArray[np.int32]:
        """The user (or item) of each rating, (n,)."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self.counts)

    def part(self, which: npt.NDArray[np.bool_]) -> SortedRatings:
        """Those of a mask (n,)."""
        rows = np.flatnonzero(which)
        return SortedRatings(np.searchsorted(rows, self.starts), self.others[rows], self.values[rows])


class BothOrders(NamedTuple):
    """The same ratings in order of users and in order of items; 8 bytes a rating in each."""

    by_user: SortedRatings
    by_item: SortedRatings


def both_orders(
    users: npt.NDArray[Any], items: npt.NDArray[Any], values: npt.NDArray[np.float32], n_users: int, n_items: int
) -> BothOrders:
    """Sort ratings (n,) of items (n,) by users (n,), of so many users and items."""
    return BothOrders(_sorted(users, items, values, n_users, n_items), _sorted(items, users, values, n_items, n_users))


def _sorted(
    sides: npt.NDArray[Any], others: npt.NDArray[Any], values: npt.NDArray[np.float32], n: int, n_others: int
) -> SortedRatings:
    order = np.argsort(sides.astype(np.int64) * n_others + others, kind="stable")
    starts = np.append(0, np.bincount(sides, minlength=n).cumsum())
    return SortedRatings(starts, others[order].astype(np.int32, copy=False), values[order])
