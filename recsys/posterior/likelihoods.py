"""How a rating comes from what the model says: as that number plus noise, or as the step of a scale it falls on."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
import torch
from torch import Generator, Tensor
from torch.special import ndtr, ndtri
from typing_extensions import override

from recsys.errors import SettingsError
from recsys.share import Share

_MOST_LEVELS = 20  # more are a continuous scale, to which an ordered probit does not apply
_BLOCK = 1 << 22  # ratings that are sorted at once to find the levels
_STEP = 0.008  # standard deviation of a proposed move of a threshold, in stars; about a third are accepted on 100k


class Likelihood(ABC):
    """A normal variable y with mean η_ui and precision α_u, of which the ratings are a function.

    `levels` (s,) are the ratings there are, and `thresholds` (s − 1,) where y passes from one level to the next.
    """

    levels: Tensor
    thresholds: Tensor

    def start(self, ratings: npt.NDArray[np.float32]) -> None:
        """Find the levels and the first thresholds, half-way between them, from training ratings (n,)."""
        blocks = range(0, ratings.size, _BLOCK)
        distinct = np.unique(np.concatenate([np.unique(ratings[start : start + _BLOCK]) for start in blocks]))
        of_all = Share.joined(distinct.size).gather(torch.from_numpy(distinct))
        self.levels = torch.from_numpy(np.unique(of_all.numpy()).astype(np.float64))
        self.thresholds = (self.levels[1:] + self.levels[:-1]) / 2

    @abstractmethod
    def complete(self, ratings: Tensor, location: Tensor, precision: Tensor, generator: Generator) -> Tensor:
        """Draw y (n,) given the ratings, their η and α, (n,) each."""

    @abstractmethod
    def expected(self, location: Tensor, deviation: Tensor, thresholds: Tensor) -> Tensor:
        """Expected ratings for y ~ N(location, deviation²), of the same shape."""


class GaussianRatings(Likelihood):
    """The rating itself is y. Probabilities of stars come from rounding it."""

    @override
    def complete(self, ratings: Tensor, location: Tensor, precision: Tensor, generator: Generator) -> Tensor:
        return ratings

    @override
    def expected(self, location: Tensor, deviation: Tensor, thresholds: Tensor) -> Tensor:
        return location


class OrderedProbit(Likelihood):
    """The rating is level j where y lies between thresholds j − 1 and j.

    y is drawn as Albert and Chib do ("Bayesian analysis of binary and polychotomous response data", JASA 1993). The
    outer thresholds stay half-way between levels, which fixes location and scale; the inner ones move by Metropolis
    steps with y integrated out, since given y they hardly move at all.
    """

    @override
    def start(self, ratings: npt.NDArray[np.float32]) -> None:
        super().start(ratings)
        s = len(self.levels)
        if not 3 <= s <= _MOST_LEVELS:
            raise SettingsError(
                f"an ordered probit needs ratings of 3 to {_MOST_LEVELS} levels, and these have {s}. Leave it out: "
                "--model.likelihood GaussianRatings takes any ratings."
            )
        self._level_of = torch.from_numpy(np.searchsorted(self.levels.numpy(), ratings))
        below = torch.bincount(self._level_of, minlength=s).cumsum(0)[:-1] / len(ratings)
        normal = ndtri(below.double())  # thresholds of a standard normal with these shares between them
        first, last = self.thresholds[0], self.thresholds[-1]
        self.thresholds = first + (normal - normal[0]) * (last - first) / (normal[-1] - normal[0])

    @override
    def complete(self, ratings: Tensor, location: Tensor, precision: Tensor, generator: Generator) -> Tensor:
        eta, root = location.double(), precision.double().sqrt()
        below, above = self._tails(self.thresholds, eta, root)
        proposed = self.thresholds.clone()
        proposed[1:-1] += _STEP * torch.randn(len(proposed) - 2, dtype=torch.float64, generator=generator)
        chance = torch.rand((), dtype=torch.float64, generator=generator).log()
        if bool((proposed.diff() > 0).all()):
            new_below, new_above = self._tails(proposed, eta, root)
            gain = _log_mass(new_below, new_above).sum() - _log_mass(below, above).sum()
            if bool(chance < gain):
                self.thresholds, below, above = proposed, new_below, new_above
        place = below + (above - below) * torch.rand(len(eta), dtype=torch.float64, generator=generator)
        drawn: Tensor = eta + ndtri(place.clamp(1e-12, 1 - 1e-12)) / root
        return drawn.float()

    @override
    def expected(self, location: Tensor, deviation: Tensor, thresholds: Tensor) -> Tensor:
        total = torch.full_like(location, float(self.levels[-1]))  # Σ_j level_j p_j, summed by parts
        for threshold, step in zip(thresholds.tolist(), self.levels.diff().tolist(), strict=True):
            total -= step * ndtr((threshold - location) / deviation)
        return total

    def _tails(self, thresholds: Tensor, eta: Tensor, root: Tensor) -> tuple[Tensor, Tensor]:
        """Normal probabilities below the lower and the upper threshold of each rating's level, (n,) each."""
        infinite = thresholds.new_tensor([torch.inf])
        edges = torch.cat([-infinite, thresholds, infinite])
        return ndtr((edges[self._level_of] - eta) * root), ndtr((edges[self._level_of + 1] - eta) * root)


def _log_mass(below: Tensor, above: Tensor) -> Tensor:
    return (above - below).clamp(min=1e-300).log()


def level_probabilities(location: Tensor, deviation: Tensor, thresholds: Tensor) -> Tensor:
    """Probability of each level (n, s): the mass of N(location, deviation²) between its two thresholds."""
    below = ndtr((thresholds - location[:, None]) / deviation[:, None])  # (n, s - 1)
    ends = torch.ones_like(below[:, :1])
    shares: Tensor = torch.cat([below, ends], 1).diff(dim=1, prepend=torch.zeros_like(ends))
    return shares
