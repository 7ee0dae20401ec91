"""When a rating is given, and what that adds to it, from the arrays of an artefact that has them; numpy alone.

Each training rating lies in one window of every width: (user, ⌊time / width⌋). The ratings of a window deviate
together, by an effect whose posterior mean and variance the artefact carries. The effect of a window without training
ratings has mean 0 and the variance of its prior.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Times = npt.NDArray[np.int64]

UNKNOWN = -1  # in an array of times, that of a pair whose time is not known
EARLIEST, LATEST = 0, 253_402_300_799  # 1970 to 9999; what is later was not in seconds, but milliseconds or less
_NUMBERS = 1 << 40  # more than any number of a window, so that (width, user) · _NUMBERS + number is unique

ARRAYS = {  # name of the array: its dimensions
    "window_widths": ("widths",),  # seconds
    "new_window_variances": ("widths",),  # of the effect of a window without training ratings
    "window_keys": ("windows",),  # (place of the width · n_users + user) · 2⁴⁰ + ⌊time / width⌋
    "window_means": ("windows",),  # posterior means of the effects
    "window_variances": ("windows",),  # and variances
}
TYPES = {"window_widths": np.int64, "window_keys": np.int64}


class Moments(NamedTuple):
    """Mean and variance of what a time adds, of one shape."""

    mean: Floats
    variance: Floats


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


def effects(arrays: dict[str, Array], n_users: int, users: Array, given_at: Times) -> Moments:
    """What the windows of some of n users add at times; positions of users and times broadcast to one shape."""
    shape = np.broadcast_shapes(users.shape, given_at.shape)
    mean, variance = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    keys = arrays["window_keys"]
    for place, width in enumerate(arrays["window_widths"].tolist()):
        asked = window_key(place, n_users, users, given_at // width)
        found = np.searchsorted(keys, asked).clip(max=keys.size - 1)
        known = keys[found] == asked
        mean += np.where(known, arrays["window_means"][found], np.float32(0))
        variance += np.where(known, arrays["window_variances"][found], arrays["new_window_variances"][place])
    return Moments(mean, variance)


def window_key(place: int, n_users: int, users: Array, numbers: Array) -> Array:
    """Keys as in `ARRAYS` of windows of the width at a place, for positions of users (n,) and numbers (n,)."""
    keys: Array = (place * n_users + users) * _NUMBERS + numbers
    return keys


def check(arrays: dict[str, Array], n_users: int) -> None:
    """Check what shapes and types do not say.

    Raises:
        ValueError: a width is less than a second, a variance is negative, or a key is of no user or width.
    """
    if arrays["window_widths"].min() < 1:
        raise ValueError("array window_widths has widths below a second")
    for name in ("window_variances", "new_window_variances"):
        if arrays[name].min() < 0:
            raise ValueError(f"array {name} has entries below 0")
    most = arrays["window_widths"].size * n_users * _NUMBERS
    if arrays["window_keys"][0] < 0 or arrays["window_keys"][-1] >= most:
        raise ValueError("array window_keys has windows of no user or width")
