"""The posterior by factors, which grow with users + items: nothing here is as large as users × items."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from typing_extensions import override

from recsys.artifact import times, uncertainty
from recsys.artifact.cold_items import items as cold_items
from recsys.artifact.latent.posterior import Array, Floats, Latent, Posterior, Rows
from recsys.artifact.times import Moments, Times

ARRAYS = {  # name of the array: its dimensions
    "user_factors": ("users", "dimension"),  # their products are the mean of y apart from time
    "item_factors": ("items", "dimension"),
    "user_draws": ("users", "draws", "width"),  # their products are y in some draws
    "item_draws": ("items", "draws", "width"),
    "user_open": ("users", "open"),  # their products are the variance that rows without ratings leave open
    "item_open": ("items", "open"),
    "noise": ("users",),  # mean variance of the noise
    **uncertainty.ORDINAL,
    **uncertainty.ARRAYS,
}
# What each draw says of users who are not among those of the training, for `serving.answers.fold_in.conditional`.
NEWCOMERS = {
    "newcomer_means": ("draws", "row"),
    "newcomer_covariances": ("draws", "row", "row"),
    "newcomer_precisions": ("draws",),
    "newcomer_shapes": ("draws",),
}
NEWCOMERS_BY_ITEMS = {
    "newcomer_weights": ("draws", "described", "row"),
    "newcomer_directions": ("items", "described"),
    "newcomer_centre": ("described",),
    "newcomer_few": ("one",),
}
TIMES = {
    # Sums over a user's training ratings, whose products with what stands for an item are those of `unknown_time`:
    "sitting_weights": ("users", "sitting"),
    "sitting_means": ("users", "sitting"),
    "sitting_squares": ("users", "sitting"),
    "sitting_items": ("items", "sitting"),
    **times.ARRAYS,
}
_NUMBERS = 1 << 17  # of each side, copied at once for pairs


class FactoredPosterior(Posterior):
    """y_ui has the mean p_u · q_i and the variance var_s(l_us · r_is) + o_u · o_i + noise_u, and what time adds.

    p and q are `…_factors`, l and r `…_draws`, of which s are kept, o `…_open`.
    """

    def __init__(self, arrays: dict[str, Array]) -> None:
        """Take over the arrays."""
        self.arrays = arrays
        self._timed = "window_keys" in arrays
        self._ordinal = bool(arrays["ordinal"][0])
        self._factors, self._draws, self._open = (
            (arrays[f"user_{what}"], arrays[f"item_{what}"]) for what in ("factors", "draws", "open")
        )

    @property
    @override
    def numbers_per_rating(self) -> int:
        used = ["item_factors", *["item_draws"] * self._ordinal, *["sitting_items"] * self._timed]
        return max(int(self.arrays[name][0].size) for name in used)

    @override
    def ratings(self, users: Rows, items: Rows, given_at: Times | None = None) -> Floats:
        if self._ordinal:
            return uncertainty.expected(self.arrays, *self.latent(users, items, given_at))
        location = self.location(users, items)
        if not self._timed:
            return location
        added = mean_at_unknown_time(self.arrays, users, items)[0]
        if given_at is not None:
            added = np.where(given_at != times.UNKNOWN, self._at(users, given_at).mean, added)
        return location + added

    @override
    def rating_bound(self, user: int) -> float | None:
        if self._ordinal:
            return float(self.arrays["levels"][-1])
        if self._timed:
            return None
        return float(np.linalg.norm(self._factors[0][user])) * self._greatest_norm

    @cached_property
    def _greatest_norm(self) -> float:
        """That of the rows of the items' factors."""
        items = self._factors[1]
        return float(np.sqrt(np.vecdot(items, items).max()))

    @override
    def ratings_apart_from_time(self, users: Rows, items: Rows) -> Floats:
        location = self.location(users, items)
        if not self._ordinal:
            return location
        return uncertainty.expected(self.arrays, location, np.sqrt(self.variance(users, items)))

    @override
    def latent(self, users: Rows, items: Rows, given_at: Times | None = None) -> Latent:
        location, variance = self.location(users, items), self.variance(users, items)
        if self._timed:
            added = at_unknown_time(self.arrays, users, items)
            if given_at is not None:
                known, at_time = given_at != times.UNKNOWN, self._at(users, given_at)
                added = Moments(*(np.where(known, *pair) for pair in zip(at_time, added, strict=True)))
            location, variance = location + added.mean, variance + added.variance
        return Latent(location, np.sqrt(variance))

    def location(self, users: Rows, items: Rows) -> Floats:
        """Mean of y apart from time."""
        return _products(*self._factors, users, items)

    def variance(self, users: Rows, items: Rows) -> Floats:
        """Variance of y apart from time."""
        drawn = _products(*self._draws, users, items)  # (…, draws)
        around = drawn - drawn.mean(-1, keepdims=True)
        of_draws = np.vecdot(around, around) / np.float32(max(drawn.shape[-1] - 1, 1))
        variance: Floats = of_draws + _products(*self._open, users, items) + self.arrays["noise"][users]
        return variance

    @override
    def check(self) -> None:
        if self.arrays["noise"].min() <= 0:
            raise ValueError("array noise has entries that are not positive")
        for name in ("user_open", "item_open"):
            if self.arrays[name].min() < 0:
                raise ValueError(f"array {name} has entries below 0")
        if "newcomer_means" in self.arrays:
            _check_newcomers(self.arrays)
        if "cold_item_columns" in self.arrays:
            cold_items.check(self.arrays)

    def _at(self, users: Rows, given_at: Times) -> Moments:
        return times.effects(self.arrays, len(self.arrays["noise"]), np.asarray(users), given_at)


def _check_newcomers(arrays: dict[str, Array]) -> None:
    if not 1 < arrays["newcomer_means"].shape[1] < arrays["item_draws"].shape[2]:
        raise ValueError("array newcomer_means has rows that do not go with the columns of item_draws")
    for name, least in (("newcomer_precisions", 0), ("newcomer_shapes", 1), ("newcomer_few", 0)):
        if name in arrays and arrays[name].min() <= least:
            raise ValueError(f"array {name} has entries that are not above {least}")
    if np.linalg.eigvalsh(arrays["newcomer_covariances"].astype(np.float64)).min() <= 0:
        raise ValueError("array newcomer_covariances has matrices that are no covariances")


def at_unknown_time(arrays: dict[str, Array], users: Rows, items: Rows) -> Moments:
    """Mean and variance of what a time adds that is not known, of the mixture in `recsys.posterior.unknown_time`.

    With weights a_ij in units of that of none of the user's sittings, E = Σ_j a_ij E_j / (1 + Σ_j a_ij), and the
    variance is (V + Σ_j a_ij (V_j + E_j²)) / (1 + Σ_j a_ij) − E², V that of windows without training ratings. All sums
    are products of factors.
    """
    mean, total = mean_at_unknown_time(arrays, users, items)
    squares = _products(arrays["sitting_squares"], arrays["sitting_items"], users, items)
    return Moments(mean, np.maximum((squares + arrays["new_window_variances"].sum()) / total - mean * mean, 0))


def mean_at_unknown_time(arrays: dict[str, Array], users: Rows, items: Rows) -> tuple[Floats, Floats]:
    """E as above, and 1 + Σ_j a_ij."""
    weights, means = (
        _products(arrays[f"sitting_{what}"], arrays["sitting_items"], users, items) for what in ("weights", "means")
    )
    total = 1 + np.maximum(weights, 0)
    return means / total, total


def _products(left: Array, right: Array, users: Rows, items: Rows) -> Floats:
    """Dot products of rows of both sides; `vecdot` adds up each by itself, so alike whatever is asked beside it.

    Those of many pairs (n,) are computed in blocks, so that what is copied stays in the processor's cache.
    """
    step = max(1, _NUMBERS // left[0].size)
    products: Floats
    if not isinstance(users, np.ndarray) or users.ndim != 1 or users.size <= step or np.shape(items) != users.shape:
        products = np.vecdot(_rows(left, users), _rows(right, items))
        return products
    products = np.empty((users.size, *left.shape[1:-1]), np.float32)
    for start in range(0, users.size, step):
        block = slice(start, start + step)
        np.vecdot(left.take(users[block], 0), right.take(np.asarray(items)[block], 0), out=products[block])
    return products


def _rows(array: Array, positions: Rows) -> Array:
    """Rows at positions; those that follow one another, as all items do, are not copied, which takes longest."""
    rows: Array
    if not isinstance(positions, np.ndarray) or positions.ndim != 1 or positions.size == 0:
        rows = array[positions]
        return rows
    first, last = positions[0], positions[-1]
    if last - first == positions.size - 1 and (positions[1:] - positions[:-1] == 1).all():
        rows = array[first : last + 1]
        return rows
    rows = array.take(positions, 0)  # in half the time of an index
    return rows
