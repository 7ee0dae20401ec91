"""How likely a user is to choose an item and to like it: what recommendations are ordered by."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data.ids import Known, Positions

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

ARRAYS = {  # name of the array: its dimensions
    "relevance_directions": ("items", "directions"),  # V
    "relevance_gains": ("directions",),  # f
    "relevance_scales": ("items",),  # d^a
    "relevance_average": ("directions",),  # the mean of x_u V over the users
}
EVERY_ITEM = slice(None)
# Of the least rating: that something was rated at all says more of what a user chooses than the rating does.
_OF_THE_LEAST = 0.2
# β. On validation parts of MovieLens 100K NDCG@10 is highest about here (docs/ranking.md).
_LIKING = 0.4
# A few ratings say little of what else was chosen: beside n of them the average user counts 0.15 (20 / (20 + n))².
# Chosen on users held out by other seeds than those of benchmarks.fold_in.
_AVERAGE, _FEW = 0.15, 20.0
_BLOCK = 2048  # items whose choices are computed together
_COPIED = 1 << 22  # numbers of the first blocks, whose rows are copied so that they lie together
_SCATTERED = 0.3  # to read this share of the rows one by one takes as long as to read all in their order
_ROWS = 4096  # whose norms are computed together


def shares(ratings: Array, rating_scale: tuple[float, float]) -> Floats:
    """What ratings (n,) count as choices, x = 0.2 + 0.8 (r − least) / (greatest − least); of five stars, r / 5."""
    counted: Floats = (_OF_THE_LEAST + (1 - _OF_THE_LEAST) * _of_the_scale(ratings, rating_scale)).astype(np.float32)
    return counted


class Block(NamedTuple):
    """Some of the items, see `Relevance.blocks`."""

    items: Positions
    bound: float
    rows: Array | None
    """V of these items, (b, directions), if it is copied."""


class Relevance:
    """Orders items by s_ui exp(β ρ_ui): what the user is likely to choose, and among that what the user will like.

    s_u = ((x_u + c_n x̄) V diag(f) Vᵀ) diag(d^a) is a spectral filter of the matrix X of all users' choices, see
    `recsys.relevance`: x_u (n_items,) is `shares` of the n items that the user rated and 0 elsewhere, x̄ the mean over
    the training users, which counts c_n = 0.15 (20 / (20 + n))². ρ_ui is the predicted rating before it is clipped, as
    a part of the scale. Nothing here is as large as users × items, and a new user needs no more than their ratings.
    """

    def __init__(self, arrays: dict[str, Array], rating_scale: tuple[float, float]) -> None:
        """Take over the arrays."""
        self.directions, self.gains, self.scales, self._average = (arrays[name] for name in ARRAYS)
        self._rating_scale = rating_scale

    def choices(self, items: Positions, ratings: Array, asked: Positions | slice = EVERY_ITEM) -> Floats:
        """s_u (m,) of the asked items by a user who rated items (n,) at positions."""
        chosen: Floats = self.directions[asked] @ (self.place(items, ratings) * self.gains) * self.scales[asked]
        return chosen

    def place(self, items: Positions, ratings: Array) -> Floats:
        """(x_u + c_n x̄) V, (directions,), of a user who rated items (n,) at positions."""
        place: Floats = shares(ratings, self._rating_scale) @ self.directions.take(items, 0)
        place += np.float32(_AVERAGE * (_FEW / (_FEW + items.size)) ** 2) * self._average
        return place

    @cached_property
    def blocks(self) -> list[Block]:
        """All items by descending bounds ‖V_i diag(|f|)^½‖ |d_i^a|, in blocks, each with the greatest of its bounds.

        By Cauchy and Schwarz no s_ui is above its bound times ‖(x_u + c_n x̄) V diag(|f|)^½‖. The norms are large of
        items that many have rated, and most items of a large data set have been rated by few.
        """
        weights = np.abs(self.gains)
        starts = range(0, len(self.directions), _ROWS)
        squares = np.concatenate([np.square(self.directions[row : row + _ROWS]) @ weights for row in starts])
        bounds = np.sqrt(squares) * np.abs(self.scales)
        order = np.argsort(-bounds, kind="stable")
        copied = max(_COPIED // self.gains.size, _BLOCK)
        first = (order[start : min(start + _BLOCK, copied)] for start in range(0, min(copied, order.size), _BLOCK))
        blocks = [Block(items, float(bounds[items[0]]), self.directions.take(items, 0)) for items in first]
        rest = order[copied:]
        return [*blocks, Block(rest, float(bounds[rest[0]]), None)] if rest.size else blocks

    def choices_of(self, block: Block, weighted: Floats, among: Known) -> Floats:
        """s_u (m,) of those items of a block for which a mask (b,) says so, from `place` × f."""
        items = block.items[among]
        if block.rows is not None:
            products = (block.rows @ weighted)[among]
        elif items.size < _SCATTERED * len(self.directions):
            products = self.directions.take(items, 0) @ weighted
        else:
            products = (self.directions @ weighted)[items]
        chosen: Floats = products * self.scales[items]
        return chosen

    def relevance(self, choices: Floats, ratings: Array) -> Floats:
        """s_ui exp(β ρ_ui), from s_ui and predicted ratings, not clipped, of one shape."""
        relevance: Floats = choices * np.exp(np.float32(_LIKING) * _of_the_scale(ratings, self._rating_scale))
        return relevance

    def reasons(self, items: Positions, ratings: Array, asked: Positions) -> Floats:
        """What each of the n rated items adds to s_ui of each asked item, (m, n): x_uj Σ_k V_jk f_k V_ik d_i^a.

        An item is no reason for itself: there it is 0.
        """
        weighted = self.directions.take(asked, 0) * self.gains * self.scales[asked][:, None]  # (m, k)
        added: Floats = weighted @ self.directions.take(items, 0).T * shares(ratings, self._rating_scale)
        added[asked[:, None] == items] = 0
        return added


def _of_the_scale(ratings: Array, rating_scale: tuple[float, float]) -> Floats:
    least, greatest = (np.float32(end) for end in rating_scale)
    parts: Floats = (ratings - least) / (greatest - least)
    return parts
