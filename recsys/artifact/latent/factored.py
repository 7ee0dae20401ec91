"""The posterior by factors, which grow with users + items: nothing here is as large as users × items but of times."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from typing_extensions import override

from recsys.artifact import times, uncertainty
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
TIMES = {
    "unknown_time_mean": ("users", "items"),  # of what a time adds that is not known
    "unknown_time_variance": ("users", "items"),
    **times.ARRAYS,
}
_NUMBERS = 1 << 17  # of a side, held at once for pairs; what is computed on the way then stays in the processor's cache


class FactoredPosterior(Posterior):
    """y_ui has the mean p_u · q_i and the variance var_s(l_us · r_is) + o_u · o_i + noise_u, and what time adds.

    p and q are `…_factors`, l and r `…_draws`, of which s are kept, o `…_open`.
    """

    def __init__(self, arrays: dict[str, Array]) -> None:
        """Take over the arrays."""
        self._arrays = arrays
        self._timed = "window_keys" in arrays
        self._ordinal = bool(arrays["ordinal"][0])
        self._factors, self._draws, self._open = (
            (arrays[f"user_{what}"], arrays[f"item_{what}"]) for what in ("factors", "draws", "open")
        )

    @property
    @override
    def numbers_per_rating(self) -> int:
        return int((self._draws if self._ordinal else self._factors)[0][0].size)

    @override
    def ratings(self, users: Rows, items: Rows, given_at: Times | None = None) -> Floats:
        if self._ordinal:
            return uncertainty.expected(self._arrays, *self.latent(users, items, given_at))
        location = self.location(users, items)
        return location + self._added(users, items, given_at).mean if self._timed else location

    @override
    def ratings_apart_from_time(self, users: Rows, items: Rows) -> Floats:
        location = self.location(users, items)
        if not self._ordinal:
            return location
        return uncertainty.expected(self._arrays, location, np.sqrt(self.variance(users, items)))

    @override
    def latent(self, users: Rows, items: Rows, given_at: Times | None = None) -> Latent:
        location, variance = self.location(users, items), self.variance(users, items)
        if self._timed:
            added = self._added(users, items, given_at)
            location, variance = location + added.mean, variance + added.variance
        return Latent(location, np.sqrt(variance))

    def location(self, users: Rows, items: Rows) -> Floats:
        """Mean of y apart from time."""
        return _in_blocks(partial(_products, *self._factors), self._factors[0][0].size, users, items)

    def variance(self, users: Rows, items: Rows) -> Floats:
        """Variance of y apart from time."""
        return _in_blocks(self._variance, self._draws[0][0].size, users, items)

    @override
    def check(self) -> None:
        if self._arrays["noise"].min() <= 0:
            raise ValueError("array noise has entries that are not positive")
        names = ("user_open", "item_open", *(("unknown_time_variance",) if self._timed else ()))
        for name in names:
            if self._arrays[name].min() < 0:
                raise ValueError(f"array {name} has entries below 0")

    def _variance(self, users: Rows, items: Rows) -> Floats:
        drawn = _products(*self._draws, users, items)  # (…, draws)
        around = drawn - drawn.mean(-1, keepdims=True)
        of_draws = np.vecdot(around, around) / np.float32(max(drawn.shape[-1] - 1, 1))
        variance: Floats = of_draws + _products(*self._open, users, items) + self._arrays["noise"][users]
        return variance

    def _added(self, users: Rows, items: Rows, given_at: Times | None) -> Moments:
        arrays = self._arrays
        unknown = Moments(arrays["unknown_time_mean"][users, items], arrays["unknown_time_variance"][users, items])
        if given_at is None:
            return unknown
        at_time = times.effects(arrays, len(arrays["noise"]), np.asarray(users), given_at)
        known = given_at != times.UNKNOWN
        return Moments(*(np.where(known, *pair) for pair in zip(at_time, unknown, strict=True)))


def _products(left: Array, right: Array, users: Rows, items: Rows) -> Floats:
    """Dot products of rows of both sides; `vecdot` adds up each by itself, so alike whatever is asked beside it."""
    products: Floats = np.vecdot(_rows(left, users), _rows(right, items))
    return products


def _rows(array: Array, positions: Rows) -> Array:
    rows: Array = array.take(positions, 0) if isinstance(positions, np.ndarray) else array[positions]
    return rows  # `take` copies rows twice as fast


def _in_blocks(of_pairs: Callable[[Rows, Rows], Floats], numbers: int, users: Rows, items: Rows) -> Floats:
    """What is said of pairs (n,), a block at a time; `numbers` are held for each. Other shapes are asked at once."""
    step = max(1, _NUMBERS // numbers)
    if not isinstance(users, np.ndarray) or np.shape(users) != np.shape(items) or users.ndim != 1 or users.size <= step:
        return of_pairs(users, items)
    blocks = [slice(start, start + step) for start in range(0, users.size, step)]
    return np.concatenate([of_pairs(users[block], np.asarray(items)[block]) for block in blocks])
