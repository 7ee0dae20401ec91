"""The posterior as matrices of users × items: what artefacts of formats 3 and 4 hold."""

from __future__ import annotations

import numpy as np
from typing_extensions import override

from recsys.artifact import times, uncertainty
from recsys.artifact.latent.posterior import Array, Floats, Latent, Posterior, Rows
from recsys.artifact.times import Times

ARRAYS = {  # name of the array: its dimensions
    "matrix": ("users", "items"),  # expected ratings at an unknown time
    "location": ("users", "items"),  # mean of y
    "deviation": ("users", "items"),  # its standard deviation
    **uncertainty.ARRAYS,
}
TIMES = {
    "timed_location": ("users", "items"),  # mean of y without windows
    "timed_variance": ("users", "items"),  # its variance, without windows
    **uncertainty.ORDINAL,
    **times.ARRAYS,
}


class DensePosterior(Posterior):
    """Looks every number up."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        """Take over the arrays."""
        self._arrays = arrays
        self._timed = "window_keys" in arrays

    @property
    @override
    def numbers_per_rating(self) -> int:
        return 1

    @override
    def ratings(self, users: Rows, items: Rows, given_at: Times | None = None) -> Floats:
        entries: Floats = self._arrays["matrix"][users, items]
        if given_at is None or not self._timed:
            return entries
        at_time = uncertainty.expected(self._arrays, *self._at_time(users, items, given_at))
        return np.where(given_at != times.UNKNOWN, at_time, entries)

    @override
    def rating_bound(self, user: int) -> float | None:
        return None

    @override
    def ratings_apart_from_time(self, users: Rows, items: Rows) -> Floats:
        if not self._timed:
            return self.ratings(users, items)
        location, variance = (self._arrays[name][users, items] for name in ("timed_location", "timed_variance"))
        return uncertainty.expected(self._arrays, location, np.sqrt(variance))

    @override
    def latent(self, users: Rows, items: Rows, given_at: Times | None = None) -> Latent:
        without = Latent(self._arrays["location"][users, items], self._arrays["deviation"][users, items])
        if given_at is None or not self._timed:
            return without
        known, timed = given_at != times.UNKNOWN, self._at_time(users, items, given_at)
        return Latent(*(np.where(known, *pair) for pair in zip(timed, without, strict=True)))

    def _at_time(self, users: Rows, items: Rows, given_at: Times) -> Latent:
        arrays = self._arrays
        added = times.effects(arrays, len(arrays["matrix"]), np.asarray(users), given_at)
        variance = arrays["timed_variance"][users, items] + added.variance
        return Latent(arrays["timed_location"][users, items] + added.mean, np.sqrt(variance))

    @override
    def check(self) -> None:
        names = ("deviation", "timed_variance") if self._timed else ("deviation",)
        for name in names:
            if self._arrays[name].min() <= 0:
                raise ValueError(f"array {name} has entries that are not positive")
