"""How far a rating may lie from its prediction, from the arrays of an artefact that has them; needs numpy alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]

ARRAYS = {  # name of the array: its dimensions
    "thresholds": (
        "thresholds",
    ),  # where the normal variable that a rating comes from passes from one level to the next
    "levels": ("levels",),  # the ratings there are
}
ORDINAL = {"ordinal": ("one",)}  # 1 if a rating is the level that the variable falls on, 0 if it is the variable itself


class Uncertainty(NamedTuple):
    """Standard deviation (n,) of ratings, and the probability (n, s) of each of the s levels of the scale."""

    deviations: Floats
    probabilities: Floats


def level_probabilities(arrays: dict[str, Array], location: Array, deviation: Array) -> Array:
    """Probability of each level (n, s): the mass of N(location, deviation²), (n,) each, between its two thresholds."""
    below = normal_distribution((arrays["thresholds"] - location[:, None].astype(np.float64)) / deviation[:, None])
    probabilities: Array = np.diff(below, prepend=0.0, append=1.0)
    return probabilities


def expected(arrays: dict[str, Array], location: Array, deviation: Array) -> Floats:
    """Expected ratings of any shape: Σ_j level_j P(j) if the ratings are levels, else the location itself."""
    if not arrays["ordinal"][0]:
        return location
    means = level_probabilities(arrays, location.ravel(), deviation.ravel()) @ arrays["levels"]
    ratings: Floats = means.astype(np.float32).reshape(location.shape)
    return ratings


def uncertainty(arrays: dict[str, Array], location: Array, deviation: Array) -> Uncertainty:
    """Compute it for ratings that come from N(location, deviation²), (n,) each.

    The standard deviation is that of the distribution over the levels.
    """
    probabilities = level_probabilities(arrays, location, deviation)
    levels = arrays["levels"].astype(np.float64)
    means = probabilities @ levels
    variances = (probabilities * (levels - means[:, None]) ** 2).sum(1)
    return Uncertainty(np.sqrt(variances).astype(np.float32), probabilities.astype(np.float32))


def check(arrays: dict[str, Array]) -> None:
    """Check what shapes and types do not say.

    Raises:
        ValueError: levels or thresholds do not rise, their numbers do not fit, or `ordinal` is neither 0 nor 1.
    """
    if "ordinal" in arrays and arrays["ordinal"][0] not in (0, 1):
        raise ValueError(f"array ordinal is {arrays['ordinal'][0]}, neither 0 nor 1")
    for name in ("levels", "thresholds"):
        if (np.diff(arrays[name]) <= 0).any():
            raise ValueError(f"array {name} is not strictly ascending")
    if arrays["levels"].size != arrays["thresholds"].size + 1:
        raise ValueError("there must be one threshold between each two levels")


def normal_distribution(x: Array) -> Array:
    """Φ(x), the distribution function of the standard normal distribution, to 1e-7.

    numpy has none, and `math.erf` takes one number at a time. Source: Abramowitz and Stegun, formula 26.2.17.
    """
    t = 1 / (1 + 0.2316419 * np.abs(x))
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = series * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    result: Array = np.where(x > 0, 1 - tail, tail)
    return result
