"""What the time of a rating says: the ratings a user gives in one second, minute or day deviate together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor

from recsys.artifact.times import EARLIEST, LATEST, window_key
from recsys.errors import SettingsError
from recsys.posterior.draws import gamma

State = dict[str, Tensor]
_KEYS = 1 << 40  # more seconds than any time stamp has, so that user · _KEYS + window is unique
_VARIANCE_SCALE = 0.1  # rate of the Gamma(1, rate) prior of a precision: deviations of some tenths of a star


class Moments(NamedTuple):
    """Mean and variance (n,) of what the windows add to each of n ratings."""

    mean: Tensor
    variance: Tensor


class TimeWindows:
    """Which windows of time have an effect of their own; given to a model by its configuration."""

    def __init__(self, widths: Sequence[int] = (1, 10, 60, 300, 1800, 86400), classes: int = 7) -> None:
        """Set the windows.

        Args:
            widths: lengths of the windows in seconds, each a whole number; every width has its own effects, and they
                add up.
            classes: windows with 1, 2, …, `classes` or more training ratings each have a variance of their own: users
                who tick many films at once give them much the same rating.

        Raises:
            ValueError: there is no width, or a width or the number of classes is less than 1.
        """
        if not widths or min(widths) < 1 or classes < 1:
            raise ValueError(f"windows need widths and classes of at least 1, not {list(widths)} and {classes}")
        self.widths = tuple(sorted(set(widths)))
        self.classes = classes

    def effects(self, users: Tensor, times: Tensor) -> list[WindowEffects]:
        """The effects of every width, for training ratings by users (n,) at times (n,), in seconds.

        Raises:
            SettingsError: a time does not lie in the years 1970 to 9999, so the times are in no seconds since 1970.
        """
        if not EARLIEST <= int(times.min()) <= int(times.max()) <= LATEST:
            raise SettingsError(
                f"windows of time need times in seconds since 1970, from {EARLIEST} to {LATEST}; those of the training "
                f"ratings are from {int(times.min())} to {int(times.max())}. Leave out --model.init_args.time."
            )
        return [WindowEffects(width, self.classes, users, times) for width in self.widths]


class WindowEffects:
    """h_w ~ N(0, 1/κ_c) for the windows w = (user, ⌊time / width⌋), with c the class of the window's size."""

    def __init__(self, width: int, classes: int, users: Tensor, times: Tensor) -> None:
        """Number the windows that hold training ratings."""
        self.width = width
        self.keys, self.window_of, sizes = torch.unique(
            self._key(users, times), return_inverse=True, return_counts=True
        )
        self.size_class = (sizes - 1).clamp(max=classes - 1)  # (n_windows,)
        self._counts = torch.bincount(self.size_class, minlength=classes).double()
        self.precisions = torch.full((classes,), 20.0, dtype=torch.float64)  # κ
        self.values = torch.zeros(len(self.keys))  # h
        self.mean, self.square = torch.zeros(len(self.keys)), torch.zeros(len(self.keys))  # of the draws averaged
        self.prior_variance = torch.zeros(classes)  # 1/κ, averaged

    def sample(self, residuals: Tensor, weights: Tensor, generator: Generator) -> Tensor:
        """Draw h and κ given residuals (n,) without h and their precisions (n,); returns h for each rating, (n,)."""
        n = len(self.keys)
        precision = torch.zeros(n).index_add_(0, self.window_of, weights) + self.precisions.float()[self.size_class]
        shift = torch.zeros(n).index_add_(0, self.window_of, weights * residuals)
        self.values = shift / precision + torch.randn(n, generator=generator) / precision.sqrt()
        squares = torch.zeros_like(self.precisions).index_add_(0, self.size_class, self.values.double().square())
        self.precisions = gamma(1 + self._counts / 2, _VARIANCE_SCALE + squares / 2, generator)
        return self.of_ratings()

    def of_ratings(self) -> Tensor:
        """The present h of each training rating, (n,)."""
        return self.values.index_select(0, self.window_of)

    def average(self, share: float) -> None:
        """Let the present draw count for `share` of the averages, 1 / (number of draws so far)."""
        self.mean += share * (self.values - self.mean)
        self.square += share * (self.values.square() - self.square)
        self.prior_variance += share * ((1 / self.precisions).float() - self.prior_variance)

    def moments(self, users: Tensor, times: Tensor) -> Moments:
        """Posterior mean and variance of the effect on ratings by users (n,) at times (n,), in the training or not."""
        asked = self._key(users, times)
        place = torch.searchsorted(self.keys, asked).clamp(max=len(self.keys) - 1)
        known = self.keys[place] == asked
        variance = torch.where(known, self.variance()[place], self.prior_variance[0])
        return Moments(torch.where(known, self.mean[place], 0.0), variance)

    def variance(self) -> Tensor:
        """Posterior variance of the effect of each window with training ratings, (n_windows,)."""
        return (self.square - self.mean.square()).clamp(min=0)

    def state(self) -> State:
        """Everything that a draw changes."""
        return {name: getattr(self, name).clone() for name in _STATE}

    def load_state(self, state: State) -> None:
        """Go on from what `state` gave."""
        for name, value in state.items():
            setattr(self, name, value.clone())

    def _key(self, users: Tensor, times: Tensor) -> Tensor:
        return users * _KEYS + times // self.width


def total(windows: Sequence[WindowEffects], users: Tensor, times: Tensor) -> Moments:
    """Posterior mean and variance of the sum of all effects on ratings by users (n,) at times (n,)."""
    mean, variance = torch.zeros(len(users)), torch.zeros(len(users))
    for window in windows:
        of_window = window.moments(users, times)
        mean, variance = mean + of_window.mean, variance + of_window.variance
    return Moments(mean, variance)


def window_arrays(windows: Sequence[WindowEffects], n_users: int) -> dict[str, npt.NDArray[Any]]:
    """The effects as `recsys.artifact.times` looks them up."""
    keys = [
        window_key(place, n_users, window.keys.numpy() // _KEYS, window.keys.numpy() % _KEYS)
        for place, window in enumerate(windows)
    ]
    return {
        "window_widths": np.array([window.width for window in windows], np.int64),
        "new_window_variances": np.array([window.prior_variance[0] for window in windows], np.float32),
        "window_keys": np.concatenate(keys),
        "window_means": torch.cat([window.mean for window in windows]).numpy(),
        "window_variances": torch.cat([window.variance() for window in windows]).numpy(),
    }


_STATE = ("precisions", "values", "mean", "square", "prior_variance")
