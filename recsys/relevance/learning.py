"""The spectral filter of a set of training ratings, with a ridge that ranks held-out ratings best."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from data.sorted_ratings import BothOrders, SortedRatings
from recsys import freed_memory
from recsys.artifact.answers.relevance import shares
from recsys.linalg.leading import random_columns
from recsys.linalg.pattern import Weighted
from recsys.relevance.ndcg import ndcg
from recsys.relevance.spectral_filter import Spectrum, filtered, spectrum
from recsys.share import Share

Numbers = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]

# Directions k. All 943 of MovieLens 100K rank no better than 512. With many items there are fewer: an answer may have
# to read them all, which takes milliseconds for 64 MiB.
_DIRECTIONS, _FEWEST, _NUMBERS = 512, 64, 1 << 24
_ROUNDS_FROM_NEAR = 2  # from the directions of nine tenths of the ratings
# λ in units of ‖X‖_F² / min(n, m), the mean square of the singular values.
_RIDGES = (1.0, 2.0, 4.0, 8.0, 16.0)
_USUAL = 4.0  # about the best for MovieLens 100K
_CLEARLY = 2.0  # standard errors by which another has to be better
_HELD_OUT = 0.1  # the share of ratings that are ranked
_LIKED = 0.8  # choices that count as liked: four stars of five
_ENOUGH, _MOST = 100, 2000  # users who are ranked for; fewer cannot tell ridges apart
_AT_ONCE = 1 << 22  # numbers held at once


def learned(orders: BothOrders, rating_scale: tuple[float, float]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of `Relevance` for training ratings, which are on the scale.

    The ridge λ is the usual one, or one under which the filter of nine tenths of the ratings ranks the others clearly
    better by NDCG@10; relevant are those in the upper quarter of the scale. Then all ratings are filtered with it. Each
    process has the ratings of its users, and the same arrays come out in all.
    """
    chosen = Choices(orders, rating_scale)
    ridge, of_most = _best_ridge(chosen)
    freed_memory.give_back()
    directions, gains, scales = filtered(chosen.spectrum(near=of_most), ridge * chosen.mean_square)
    average = chosen.average
    arrays = {
        "relevance_directions": directions,
        "relevance_gains": gains,
        "relevance_scales": scales,
        "relevance_average": average @ directions,
    }
    return {name: array.numpy() for name, array in arrays.items()}


class Choices:
    """The matrix X (n, m) of what ratings of items by users count as choices, known by its products."""

    def __init__(self, orders: BothOrders, rating_scale: tuple[float, float]) -> None:
        """Take the ratings in both orders, and their scale."""
        self._orders, self._scale = orders, rating_scale
        self._users, self.n_items = Share.joined(len(orders.by_user)), len(orders.by_item)
        self._matrix = Weighted(orders.by_user, self.n_items, self._shares)  # the rows of this process's users
        self._transposed = Weighted(orders.by_item, len(orders.by_user), self._shares)

    def part(self, which: Callable[[Numbers, Numbers, Numbers], Mask]) -> Choices:
        """Those of the ratings for which a function of users, items and choices (b,), of b at a time, says so."""
        by_user, by_item = self._orders
        begin = self._users.begin
        parts = BothOrders(
            self._part(by_user, lambda users, items, chosen: which(users + begin, items, chosen)),
            self._part(by_item, lambda items, users, chosen: which(users + begin, items, chosen)),
        )
        return Choices(parts, self._scale)

    def _part(self, ratings: SortedRatings, which: Callable[[Numbers, Numbers, Numbers], Mask]) -> SortedRatings:
        sides, taken = ratings.sides, np.empty(ratings.values.size, np.bool_)
        for begin in range(0, taken.size, _AT_ONCE):
            block = slice(begin, begin + _AT_ONCE)
            taken[block] = which(sides[block], ratings.others[block], self._shares(ratings.values[block]))
        return ratings.part(taken)

    @property
    def users(self) -> Tensor:
        """Those of this process who chose anything, ascending."""
        return torch.from_numpy(np.flatnonzero(self._orders.by_user.counts))

    def rows(self, users: Tensor) -> Tensor:
        """Rows of X, (b, m), for b users of this process."""
        by_user = self._orders.by_user
        rows = np.zeros((len(users), self.n_items), np.float32)
        for row, user in zip(rows, users.tolist(), strict=True):
            block = slice(by_user.starts[user], by_user.starts[user + 1])
            row[by_user.others[block]] = self._shares(by_user.values[block])
        return torch.from_numpy(rows)

    def spectrum(self, near: Spectrum | None) -> Spectrum:
        """The leading part of the spectrum of X, in fewer rounds from that of a matrix that is nearly X."""
        if near is not None:
            return spectrum(self._matrix, self._transposed, near.directions, self._users, _ROUNDS_FROM_NEAR)
        most = max(min(_DIRECTIONS, _NUMBERS // self.n_items), _FEWEST)
        start = random_columns(self.n_items, min(most, self._users.total), torch.float32)
        return spectrum(self._matrix, self._transposed, start, self._users)

    @property
    def mean_square(self) -> float:
        """That of the singular values, ‖X‖_F² / min(n, m)."""
        squares = np.square(self._shares(self._orders.by_user.values)).sum(dtype=np.float64)
        return float(self._users.sum(torch.tensor(squares))) / min(self._users.total, self.n_items)

    @property
    def average(self) -> Tensor:
        """The mean row of X, (m,)."""
        weights = torch.full((len(self._users), 1), 1 / self._users.total)
        return self._users.sum(self._transposed @ weights)[:, 0]

    def _shares(self, ratings: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return shares(ratings, self._scale)


def _best_ridge(chosen: Choices) -> tuple[float, Spectrum | None]:
    """λ in the unit of `_RIDGES`, and the spectrum of the ratings that are not held out.

    The usual λ, and no spectrum, if too few users have a liked item held out to tell ridges apart.
    """
    known = chosen.part(lambda users, items, _: ~_held_out(users, items))
    liked = chosen.part(lambda users, items, choices: _held_out(users, items) & (choices >= _LIKED))
    rankable = liked.users
    of_all = Share.joined(len(rankable))
    if of_all.total < _ENOUGH:
        return _USUAL, None
    drawn = torch.randperm(of_all.total, generator=torch.Generator().manual_seed(0))[:_MOST] - of_all.begin
    rankable = rankable[drawn[(drawn >= 0) & (drawn < len(rankable))]]
    freed_memory.give_back()
    found = known.spectrum(near=None)
    filters = [filtered(found, ridge * known.mean_square) for ridge in _RIDGES]
    blocks = []
    for users in torch.split(rankable, max(1, _AT_ONCE // chosen.n_items)):
        rows, relevant = known.rows(users), liked.rows(users) > 0
        places = rows @ found.directions
        scores = (places * gains @ directions.T * scales for directions, gains, scales in filters)
        blocks.append(torch.stack([ndcg(each.masked_fill_(rows > 0, -torch.inf), relevant, 10) for each in scores]))
    measured = Share.joined(len(rankable)).gather(torch.cat(blocks, 1).T).T
    return _RIDGES[_clearly_best(measured, _RIDGES.index(_USUAL))], found


def _held_out(users: Numbers, items: Numbers) -> Mask:
    """Whether the rating of a user and an item is held out, as if drawn: by a hash (SplitMix64) of both."""
    mixed = users.astype(np.uint64) << np.uint64(32) | items.astype(np.uint64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    drawn: Mask = mixed < np.uint64(_HELD_OUT * 2**64)
    return drawn


def _clearly_best(measured: Tensor, usual: int) -> int:
    """Row of `measured` (rows, n) whose mean is most standard errors above that of the usual row, or the usual one.

    The best of a few means that chance tells apart is often worse than what is best elsewhere.
    """
    better = measured - measured[usual]
    errors = better.std(1) / measured.shape[1] ** 0.5
    certainty = torch.where(errors > 0, better.mean(1) / errors, 0.0)
    return int(certainty.argmax()) if float(certainty.max()) > _CLEARLY else usual
