"""The spectral filter of a set of training ratings, with a ridge that ranks held-out ratings best."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from recsys.artifact.relevance import shares
from recsys.linalg.pattern import Pattern
from recsys.relevance.ndcg import ndcg
from recsys.relevance.spectral_filter import Spectrum, filtered, spectrum

# Directions k. All 943 of MovieLens 100K rank no better than 512. With many items there are fewer: an answer reads them
# all, which takes milliseconds for 64 MiB.
_DIRECTIONS, _FEWEST, _NUMBERS = 512, 64, 1 << 24
# λ in units of ‖X‖_F² / min(n, m), the mean square of the singular values.
_RIDGES = (1.0, 2.0, 4.0, 8.0, 16.0)
_USUAL = 4.0  # about the best for MovieLens 100K
_CLEARLY = 2.0  # standard errors by which another has to be better
_HELD_OUT = 0.1  # the share of ratings that are ranked
_LIKED = 0.8  # choices that count as liked: four stars of five
_ENOUGH, _MOST = 100, 2000  # users who are ranked for; fewer cannot tell ridges apart
_SCORED = 1 << 24  # numbers held at once


def learned(
    users: Tensor, items: Tensor, ratings: Tensor, shape: tuple[int, int], rating_scale: tuple[float, float]
) -> dict[str, npt.NDArray[Any]]:
    """The arrays of `recsys.artifact.relevance` for training ratings: dense indices users, items (n,), ratings (n,).

    The ridge λ is the usual one, or one under which the filter of nine tenths of the ratings, drawn at random, ranks
    the others clearly better by NDCG@10; relevant are those in the upper quarter of the scale. Then all ratings are
    filtered with it.

    Args:
        users: in 0 … shape[0] − 1.
        items: in 0 … shape[1] − 1.
        ratings: on the scale.
        shape: n_users and n_items.
        rating_scale: least and greatest rating.
    """
    choices = torch.from_numpy(shares(ratings.numpy(), rating_scale)).double()
    chosen = Choices(users, items, choices, shape)
    directions, gains, scales = filtered(chosen.spectrum(), _best_ridge(chosen) * chosen.mean_square)
    totals = torch.zeros(shape[1], dtype=torch.float64).index_add_(0, items, choices)
    arrays = {
        "relevance_directions": directions,
        "relevance_gains": gains,
        "relevance_scales": scales,
        "relevance_average": totals / shape[0] @ directions,
    }
    return {name: array.float().numpy() for name, array in arrays.items()}


class Choices:
    """Choices x_ui of items by users, the entries of a sparse matrix X (n, m)."""

    def __init__(self, users: Tensor, items: Tensor, values: Tensor, shape: tuple[int, int]) -> None:
        """Take over dense indices users, items (nnz,), values (nnz,), float64, and the shape (n, m)."""
        self.users, self.items, self.values, self.shape = users, items, values, shape

    def part(self, which: Tensor) -> Choices:
        """Those of a mask (nnz,)."""
        return Choices(self.users[which], self.items[which], self.values[which], self.shape)

    def rows(self, users: Tensor) -> Tensor:
        """Rows of X, (b, m), for b different users."""
        place = torch.full((self.shape[0],), -1).index_copy_(0, users, torch.arange(len(users)))[self.users]
        asked = place >= 0
        rows = torch.zeros(len(users), self.shape[1], dtype=torch.float64)
        return rows.index_put_((place[asked], self.items[asked]), self.values[asked])

    def spectrum(self) -> Spectrum:
        """The leading part of the spectrum of X."""
        pattern = Pattern(self.users, self.items, self.shape)
        count = max(min(_DIRECTIONS, _NUMBERS // self.shape[1]), _FEWEST)
        return spectrum(pattern.matrix(self.values), pattern.transposed.matrix(self.values), count)

    @property
    def mean_square(self) -> float:
        """That of the singular values, ‖X‖_F² / min(n, m)."""
        return float(self.values.square().sum()) / min(self.shape)


def _best_ridge(chosen: Choices) -> float:
    """λ in the unit of `_RIDGES`; the usual one if too few users have a liked item held out to tell ridges apart."""
    held_out = torch.rand(len(chosen.users), generator=torch.Generator().manual_seed(0)) < _HELD_OUT
    known, liked = chosen.part(~held_out), chosen.part(held_out & (chosen.values >= _LIKED))
    rankable = torch.unique(liked.users)
    if len(rankable) < _ENOUGH:
        return _USUAL
    rankable = rankable[torch.randperm(len(rankable), generator=torch.Generator().manual_seed(0))[:_MOST]]
    found = known.spectrum()
    filters = [filtered(found, ridge * known.mean_square) for ridge in _RIDGES]
    blocks = []
    for users in rankable.split(max(1, _SCORED // chosen.shape[1])):
        rows, relevant = known.rows(users), liked.rows(users) > 0
        scores = ((rows @ directions * gains) @ directions.T * scales for directions, gains, scales in filters)
        blocks.append(torch.stack([ndcg(each.masked_fill_(rows > 0, -torch.inf), relevant, 10) for each in scores]))
    return _RIDGES[_clearly_best(torch.cat(blocks, 1), _RIDGES.index(_USUAL))]


def _clearly_best(measured: Tensor, usual: int) -> int:
    """Row of `measured` (rows, n) whose mean is most standard errors above that of the usual row, or the usual one.

    The best of a few means that chance tells apart is often worse than what is best elsewhere.
    """
    better = measured - measured[usual]
    errors = better.std(1) / measured.shape[1] ** 0.5
    certainty = torch.where(errors > 0, better.mean(1) / errors, 0.0)
    return int(certainty.argmax()) if float(certainty.max()) > _CLEARLY else usual
