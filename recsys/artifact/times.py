"""When a rating is given, and what that adds to it, from the arrays of an artefact that has them; numpy alone.

Each training rating lies in one window of every width: (user, ⌊time / width⌋). The ratings of a window deviate
together, by an effect whose posterior mean and variance the artefact carries. The effect of a window without training
ratings has mean 0 and the variance of its prior.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.artifact import uncertainty

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Times = npt.NDArray[np.int64]

UNKNOWN = -1  # in an array of times, that of a pair whose time is not known
EARLIEST, LATEST = 0, 253_402_300_799  # 1970 to 9999; what is later was not in seconds, but milliseconds or less
_NUMBERS = 1 << 40  # more than any number of a window, so that (width, user) · _NUMBERS + number is unique

ARRAYS = {  # name of the array: its dimensions
    "timed_location": ("users", "items"),  # mean of the normal variable that a rating comes from, without windows
    "timed_variance": ("users", "items"),  # its variance, without windows
    "window_widths": ("widths",),  # seconds
    "new_window_variances": ("widths",),  # of the effect of a window without training ratings
    "window_keys": ("windows",),  # (place of the width · n_users + user) · 2⁴⁰ + ⌊time / width⌋
    "window_means": ("windows",),  # posterior means of the effects
    "window_variances": ("windows",),  # and variances
    "ordinal": ("one",),  # 1 if a rating is the level that the variable falls on, 0 if it is the variable itself
}
TYPES = {"window_widths": np.int64, "window_keys": np.int64, "ordinal": np.int32}


class Latent(NamedTuple):
    """Mean and standard deviation of the normal variables that ratings come from, of one shape."""

    location: Floats
    deviation: Floats


def checked(timestamps: npt.ArrayLike) -> Times:
    """Times in whole seconds since the epoch as an array; `UNKNOWN` stands for a time that is not known.

    Raises:
        TypeError: they are not whole numbers of at most 64 bits.
        ValueError: one lies outside the years 1970 to 9999.
    """
    times = np.asarray(timestamps)
    if times.size and times.dtype.kind not in "iu":
        raise TypeError(f"timestamps are whole numbers of seconds since 1970 of at most 64 bits, not {times.dtype}")
    wrong = ((times < EARLIEST) | (times > LATEST)) & (times != UNKNOWN)
    if wrong.any():
        raise ValueError(
            f"the timestamp {times[wrong].flat[0]} is no time from 1970 to 9999 in seconds since 1970, in UTC"
        )
    return times.astype(np.int64)


def latent(arrays: dict[str, Array], users: Array | int, items: Array | int, given_at: Times) -> Latent:
    """What ratings at known times come from; positions of users and items and times broadcast to one shape."""
    mean, variance = _effects(arrays, np.asarray(users), given_at)
    location = arrays["timed_location"][users, items] + mean
    return Latent(location, np.sqrt(arrays["timed_variance"][users, items] + variance))


def latent_apart_from_time(arrays: dict[str, Array], users: Array, items: Array) -> Latent:
    """What ratings would come from if no time had an effect, for positions of users and items of one shape."""
    return Latent(arrays["timed_location"][users, items], np.sqrt(arrays["timed_variance"][users, items]))


def expected(arrays: dict[str, Array], given: Latent) -> Floats:
    """Expected ratings: Σ_j level_j P(j) if the ratings are levels, else the location itself."""
    if not arrays["ordinal"][0]:
        return given.location
    location, deviation = given.location.ravel(), given.deviation.ravel()
    means = uncertainty.level_probabilities(arrays, location, deviation) @ arrays["levels"]
    ratings: Floats = means.astype(np.float32).reshape(given.location.shape)
    return ratings


def _effects(arrays: dict[str, Array], users: Array, given_at: Times) -> tuple[Floats, Floats]:
    """Mean and variance of what the windows of users add at times."""
    shape = np.broadcast_shapes(users.shape, given_at.shape)
    mean, variance = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    keys, n_users = arrays["window_keys"], arrays["timed_location"].shape[0]
    for place, width in enumerate(arrays["window_widths"].tolist()):
        asked = window_key(place, n_users, users, given_at // width)
        found = np.searchsorted(keys, asked).clip(max=keys.size - 1)
        known = keys[found] == asked
        mean += np.where(known, arrays["window_means"][found], np.float32(0))
        variance += np.where(known, arrays["window_variances"][found], arrays["new_window_variances"][place])
    return mean, variance


def window_key(place: int, n_users: int, users: Array, numbers: Array) -> Array:
    """Keys as in `ARRAYS` of windows of the width at a place, for positions of users (n,) and numbers (n,)."""
    keys: Array = (place * n_users + users) * _NUMBERS + numbers
    return keys


def check(arrays: dict[str, Array]) -> None:
    """Check what shapes and types do not say.

    Raises:
        ValueError: a width is less than a second, a variance is negative or, of a pair, not positive, a key is of no
            user or width, or `ordinal` is neither 0 nor 1.
    """
    if arrays["window_widths"].min() < 1:
        raise ValueError("array window_widths has widths below a second")
    if arrays["timed_variance"].min() <= 0:
        raise ValueError("array timed_variance has entries that are not positive")
    for name in ("window_variances", "new_window_variances"):
        if arrays[name].min() < 0:
            raise ValueError(f"array {name} has entries below 0")
    most = arrays["window_widths"].size * arrays["timed_location"].shape[0] * _NUMBERS
    if arrays["window_keys"][0] < 0 or arrays["window_keys"][-1] >= most:
        raise ValueError("array window_keys has windows of no user or width")
    if arrays["ordinal"][0] not in (0, 1):
        raise ValueError(f"array ordinal is {arrays['ordinal'][0]}, neither 0 nor 1")
