"""What a model that was averaged over its posterior says of pairs, in whichever form an artefact holds it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recsys.artifact.times import Times

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Rows = Array | int
"""Positions of users or items; those of both broadcast to one shape, and with them the times."""


class Latent(NamedTuple):
    """Mean and standard deviation of the normal variables that ratings come from, of one shape."""

    location: Floats
    deviation: Floats


class Posterior(ABC):
    """Ratings are a function of y ~ N(location, deviation²), or y itself."""

    @property
    @abstractmethod
    def numbers_per_rating(self) -> int:
        """How many numbers are held at once for one rating."""

    @abstractmethod
    def ratings(self, users: Rows, items: Rows, given_at: Times | None = None) -> Floats:
        """Expected ratings, not clipped, for positions; at times as `times.checked` gives them."""

    @abstractmethod
    def rating_bound(self, user: int) -> float | None:
        """What none of the `ratings` of a user at a position is above; None if only computing all of them tells."""

    @abstractmethod
    def ratings_apart_from_time(self, users: Rows, items: Rows) -> Floats:
        """Expected ratings if no time had an effect."""

    @abstractmethod
    def latent(self, users: Rows, items: Rows, given_at: Times | None = None) -> Latent:
        """Mean and standard deviation of y."""

    @abstractmethod
    def check(self) -> None:
        """Check what shapes and types of the arrays do not say.

        Raises:
            ValueError: an array holds what it must not.
        """
