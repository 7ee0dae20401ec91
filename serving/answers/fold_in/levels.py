"""Ratings that are levels of a scale, as normal observations of the number they come from."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.artifact import Array, Floats
from recsys.artifact.uncertainty import normal_distribution

# Below these a level is so far off that its tail is not worth following: the mass of a level, and the share of the
# noise's precision with which it is observed.
_LEAST_MASS, _LEAST_PRECISION = 1e-6, 0.02


class Observations(NamedTuple):
    """y ~ N(target, 1 / precision) of n ratings in s draws, (s, n) each."""

    targets: npt.NDArray[np.float64]
    precisions: npt.NDArray[np.float64]


def intervals(arrays: dict[str, Array], ratings: Floats) -> npt.NDArray[np.float64]:
    """Thresholds (2, n) below and above the level that is nearest to each rating."""
    levels, edges = arrays["levels"], np.concatenate([[-np.inf], arrays["thresholds"], [np.inf]])
    nearest = np.abs(levels[:, None] - ratings).argmin(0)
    return np.stack([edges[nearest], edges[nearest + 1]])


def observed(between: npt.NDArray[np.float64], location: Any, precision: npt.NDArray[np.float64]) -> Observations:
    """The second-order expansion of log P(y between its thresholds) in the mean η of y ~ N(η, 1 / α), at a location.

    With a and b the thresholds less η, times √α, and P = Φ(b) − Φ(a): the gradient is g = √α (φ(a) − φ(b)) / P and the
    curvature w = g² − α (a φ(a) − b φ(b)) / P, which is that of a normal observation of η + g / w with precision w. To
    expand it anew at the mean that follows is Newton's method, whose limit is Laplace's approximation.

    Args:
        between: the thresholds, (2, n).
        location: η, (s, n).
        precision: α, (s, n).
    """
    root = np.sqrt(precision)
    edges = (between[:, None] - location) * root  # (2, s, n)
    density = np.exp(-edges * edges / 2) / np.sqrt(2 * np.pi)
    slope = np.where(np.isfinite(edges), edges, 0) * density
    mass = np.maximum(np.diff(normal_distribution(np.clip(edges, -40, 40)), axis=0)[0], _LEAST_MASS)
    gradient = root * (density[0] - density[1]) / mass
    curvature = gradient**2 - precision * (slope[0] - slope[1]) / mass
    curvature = np.clip(curvature, _LEAST_PRECISION * precision, precision)
    return Observations(location + gradient / curvature, curvature)
