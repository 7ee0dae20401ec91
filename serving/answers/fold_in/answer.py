"""What a fold-in answers, whichever model it belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.artifact import Floats, Positions
from recsys.artifact.latent.newcomers import spread
from recsys.artifact.uncertainty import Uncertainty


class Contributions(NamedTuple):
    """What each of n given ratings adds to one prediction, (n,) each, before it is clipped to the scale."""

    to_user: npt.NDArray[np.float64]
    """To the user's own mean; adds up to it."""
    to_interaction: npt.NDArray[np.float64]
    """To what the item differs by from all items; adds up to that."""


def gains_of(
    vectors: npt.NDArray[Any], covariance: npt.NDArray[Any], mean_square: npt.NDArray[Any], noise: float
) -> npt.NDArray[Any]:
    """Z V A V z / (z V z + ε²) of vectors z (n, d), with A the mean of z zᵀ, see `FoldIn.gains`; (n,)."""
    lowered = spread(vectors, covariance @ mean_square @ covariance)
    gains: npt.NDArray[Any] = lowered / (spread(vectors, covariance) + noise)
    return gains


class FoldIn(ABC):
    """Predicts μ + b_i + own mean + interaction_i from a new user's ratings; the last two are 0 without any."""

    @abstractmethod
    def scores(self, items: Positions, ratings: Floats) -> tuple[Floats, float]:
        """Ratings of all items (n_items,), not clipped, and the user's own mean, from n ratings of n items."""

    @abstractmethod
    def contributions(self, items: Positions, ratings: Floats, asked: int | None) -> Contributions:
        """Take a prediction apart into what each of n ratings of n items adds to it, exactly.

        Args:
            items: positions of the rated items.
            ratings: their ratings.
            asked: position of the item whose prediction is taken apart; None for one that the model does not know.
        """

    @abstractmethod
    def gains(self, items: Positions, ratings: Floats) -> npt.NDArray[np.float64]:
        """By how much a rating of each item (n_items,) would lower the mean variance of predictions, n being given.

        With z the items' vectors, V the covariance of the new user's given the n ratings, and ε² the variance of the
        noise, a rating of item j is expected to lower the variance of the rating of item i by

            (z_i V z_j)² / (z_j V z_j + ε²).

        The gain of j is the mean over the items i as often as they were rated in training: z_j V A V z_j in place of
        the square, with A = Σ_i w_i z_i z_iᵀ and Σ_i w_i = 1. It is 0 of an item whose rating would say nothing.

        Source: MacKay, "Information-based objective functions for active data selection", Neural Computation 4, 1992,
        section 4.
        """

    def uncertainty(self, items: Positions, ratings: Floats, asked: Positions) -> Uncertainty | None:
        """How far ratings of the items asked for may lie from the scores; None if the model does not say."""
        return None
