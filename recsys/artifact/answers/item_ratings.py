"""The ratings that are predicted for users: of all items, or of one user only those that an answer needs."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from data.ids import Positions
from recsys.artifact.model import SOURCES, Floats, Found, TrainedModel
from recsys.artifact.times import Times

_NUMBERS = 1 << 22  # held at once while users are scored
_MEANS = SOURCES.index("item_mean")


class ItemRatings(ABC):
    """Predicted ratings of one user, not clipped."""

    @property
    @abstractmethod
    def greatest(self) -> float:
        """A number that none of the ratings is above."""

    @abstractmethod
    def all(self) -> Floats:
        """Those of all items, (n_items,)."""

    @abstractmethod
    def of(self, items: Positions) -> Floats:
        """Those of items (n,) at positions."""


class KnownRatings(ItemRatings):
    """Those that are computed already."""

    def __init__(self, ratings: Floats) -> None:
        """Take over the ratings of all items, (n_items,)."""
        self._ratings = ratings

    @property
    @override
    def greatest(self) -> float:
        return float(self._ratings.max())

    @override
    def all(self) -> Floats:
        return self._ratings

    @override
    def of(self, items: Positions) -> Floats:
        return self._ratings.take(items)


class _Bounded(ItemRatings):
    """Those of a user whose ratings have a bound that is known beforehand, computed where they are asked for."""

    def __init__(self, model: TrainedModel, user: Found, given_at: Times | None, greatest: float) -> None:
        self._model, self._user, self._given_at, self._greatest = model, user, given_at, greatest

    @property
    @override
    def greatest(self) -> float:
        return self._greatest

    @override
    def all(self) -> Floats:
        (ratings,), _ = item_scores(self._model, self._user, self._given_at)
        found: Floats = ratings
        return found

    @override
    def of(self, items: Positions) -> Floats:
        return self._model.scores(self._user[0], items, self._given_at)


def ratings_of(model: TrainedModel, user: Found, given_at: Times | None = None) -> tuple[ItemRatings, str]:
    """What one user (1,), as in `item_scores`, is predicted to rate items, and who answers, one of `SOURCES`."""
    source = int(model.answers_for(user)[0])
    bound = None if source == _MEANS else model.rating_bound(int(user[0][0]))
    if bound is not None:
        return _Bounded(model, user, given_at, bound), SOURCES[source]
    return KnownRatings(item_scores(model, user, given_at)[0][0]), SOURCES[source]


def item_scores(
    model: TrainedModel, users: Found, given_at: Times | None = None
) -> tuple[Floats, npt.NDArray[np.int8]]:
    """What users (b,) are ranked by, and who answers.

    Args:
        model: the model.
        users: their positions. Who is not found, or has neither ratings nor features, gets the means of the items,
            which are not personal.
        given_at: when items would be rated, (b,), as `times.checked` gives them.

    Returns:
        Ratings of all items, not clipped, (b, n_items), and who answers for each user, (b,), indices into `SOURCES`.
    """
    sources = model.answers_for(users)
    items = np.arange(model.item_ids.size)
    scores = np.empty((sources.size, items.size), np.float32)
    personal = sources != _MEANS
    scores[~personal] = np.float32(model.manifest.global_mean) + model.arrays["item_means"]
    rows = users[0][personal][:, None]
    times = None if given_at is None else given_at[personal][:, None]
    step = max(1, _NUMBERS // (max(rows.size, 1) * model.numbers_per_score))
    for start in range(0, items.size if rows.size else 0, step):
        scores[personal, start : start + step] = model.scores(rows, items[start : start + step], times)
    return scores, sources
