"""What one looks at before training: how many ratings there are, of what, and how they are spread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data.errors import SplitUnavailableError
from data.ratings import Ratings, RatingScale
from data.splits import make_split

_MOST_LEVELS = 21  # that are counted one by one; −10 … 10 has so many
_BINS = 10  # of a scale with more levels, or without steps
_SPLIT = "0.9"

Counts = npt.NDArray[np.int64]


class Bar(NamedTuple):
    """How many ratings are one level of the scale, or lie in one part of it."""

    least: float
    """The level, or the least rating of the part."""
    greatest: float
    """The level, or what all ratings of the part but those of the last one are below."""
    n_ratings: int


class Spread(NamedTuple):
    """How numbers are spread."""

    least: int
    percent_5: float
    percent_25: float
    median: float
    percent_75: float
    percent_95: float
    most: int
    mean: float

    @classmethod
    def of(cls, counts: Counts) -> Spread:
        """The spread of some counts."""
        low, quarter, half, three_quarters, high = np.quantile(counts, (0.05, 0.25, 0.5, 0.75, 0.95)).tolist()
        most, mean = int(counts.max()), float(counts.mean())
        return cls(int(counts.min()), low, quarter, half, three_quarters, high, most, mean)


class Cold(NamedTuple):
    """What a random tenth of the ratings asks of users and items that the others say nothing of."""

    n_test: int
    of_unknown_users: int
    of_unknown_items: int
    of_either: int


class Span(NamedTuple):
    """When ratings were given: ISO 8601, UTC."""

    first: str
    last: str
    days: float


@dataclass(frozen=True, eq=False)
class Description:
    """What is to be said of ratings; `as_json` for programs."""

    name: str
    source: str
    n_ratings: int
    n_users: int
    n_items: int
    duplicates: int
    """Ratings of pairs that were rated before or again, which the rest leaves out."""
    scale: RatingScale
    mean: float
    standard_deviation: float
    """The RMSE of predicting the mean."""
    histogram: list[Bar]
    per_user: Counts  # (n_users,)
    per_item: Counts  # (n_items,)
    cold: Cold | None
    """None where there are too few ratings for a tenth to test on."""
    times: npt.NDArray[np.int64] | None  # (n_ratings,), in seconds since the epoch

    @property
    def density(self) -> float:
        """Share of all pairs of a user and an item that are rated."""
        return self.n_ratings / (self.n_users * self.n_items)

    @property
    def span(self) -> Span | None:
        """When the first and the last rating were given; None where nobody knows."""
        if self.times is None:
            return None
        first, last = int(self.times.min()), int(self.times.max())
        return Span(_written(first), _written(last), (last - first) / 86400)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON takes it, with spreads instead of all counts and times."""
        span = self.span
        return {
            "name": self.name,
            "source": self.source,
            "ratings": self.n_ratings,
            "users": self.n_users,
            "items": self.n_items,
            "density": self.density,
            "duplicates": self.duplicates,
            "scale": {"least": self.scale.minimum, "greatest": self.scale.maximum, "step": self.scale.step},
            "mean": self.mean,
            "standard_deviation": self.standard_deviation,
            "histogram": [bar._asdict() for bar in self.histogram],
            "ratings_per_user": Spread.of(self.per_user)._asdict(),
            "ratings_per_item": Spread.of(self.per_item)._asdict(),
            "cold": None if self.cold is None else {"split": _SPLIT, "seed": 0, **self.cold._asdict()},
            "time": None if span is None else span._asdict(),
        }


def _written(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")


def describe(ratings: Ratings) -> Description:
    """Count what there is."""
    values = ratings.values.astype(np.float64)
    return Description(
        name=ratings.name,
        source=ratings.source,
        n_ratings=len(ratings),
        n_users=ratings.n_users,
        n_items=ratings.n_items,
        duplicates=ratings.left_out,
        scale=ratings.scale,
        mean=float(values.mean()),
        standard_deviation=float(values.std()),
        histogram=_histogram(values, ratings.scale),
        per_user=np.bincount(ratings.users, minlength=ratings.n_users),
        per_item=np.bincount(ratings.items, minlength=ratings.n_items),
        cold=_cold(ratings),
        times=ratings.timestamps,
    )


def _histogram(values: npt.NDArray[np.float64], scale: RatingScale) -> list[Bar]:
    """Each level of the scale, or equal parts of it."""
    levels = 0 if scale.step is None else round((scale.maximum - scale.minimum) / scale.step) + 1
    if scale.step is not None and levels <= _MOST_LEVELS:
        places = np.rint((values - scale.minimum) / scale.step).astype(np.int64)
        each = np.round(scale.minimum + np.arange(levels) * scale.step, 6).tolist()
        counts = np.bincount(places, minlength=levels)
        return [Bar(level, level, count) for level, count in zip(each, counts.tolist(), strict=True)]
    counts, edges = np.histogram(values, _BINS, (scale.minimum, scale.maximum))
    return [Bar(*bar) for bar in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)]


def _cold(ratings: Ratings) -> Cold | None:
    try:
        split = make_split(ratings, _SPLIT, seed=0)
    except SplitUnavailableError:
        return None
    unknown = []
    for rows, n in ((ratings.users, ratings.n_users), (ratings.items, ratings.n_items)):
        is_known = np.zeros(n, np.bool_)
        is_known[rows[split.train]] = True
        unknown.append(~is_known[rows[split.test]])
    users, items = unknown
    return Cold(split.test.size, *(int(np.count_nonzero(each)) for each in (users, items, users | items)))
