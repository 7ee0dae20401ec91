"""Items in the order of a number, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsys.artifact import Artifact, Floats, ItemRatings, Order, Positions, best_of
from serving.answers.item_catalogue import CatalogueItem, ItemCatalogue


@dataclass(frozen=True)
class RankedItem:
    """An item and the number it was ranked by."""

    item: CatalogueItem
    value: float


@dataclass(frozen=True)
class Ranking:
    """One page of a ranking, how many there are in all, and who answered."""

    total: int
    source: str
    page: list[RankedItem]


@dataclass(frozen=True)
class Wanted:
    """Which recommendations are wanted: a page of them, of which items, and ordered by what."""

    n: int
    offset: int = 0
    order: Order = "relevance"
    genre: str | None = None
    min_ratings: int = 0
    """Leave out items with fewer training ratings."""
    reasons: bool = False
    """Say which of the user's ratings speaks most for each."""


@dataclass(frozen=True)
class Recommendation:
    """An item with its predicted rating, on the data set's scale, and its relevance."""

    item: CatalogueItem
    rating: float
    relevance: float | None
    """None if the model does not say it."""
    because: RankedItem | None = None
    """The rated item that adds most to the relevance, with the user's rating of it."""


@dataclass(frozen=True)
class Recommendations:
    """One page of recommendations, how many items were ranked, by what, and who answered."""

    total: int
    source: str
    order: Order
    page: list[Recommendation]


class ItemRanking:
    """Ranks the items of a model for one user."""

    def __init__(self, artifact: Artifact, catalogue: ItemCatalogue) -> None:
        """Take over the model, and what is said of its items."""
        self._artifact, self._catalogue = artifact, catalogue

    def recommendations(
        self, wanted: Wanted, ratings: ItemRatings, rated: tuple[Positions, Floats], source: str, *, exclude_rated: bool
    ) -> Recommendations:
        """One page of the items, the first by relevance or by predicted rating.

        Args:
            wanted: which; where the model says nothing of relevance, the order is that of ratings.
            ratings: what the user is predicted to rate items.
            rated: positions of the items (k,) that the user rated, and the ratings.
            source: who predicts them.
            exclude_rated: leave those out.

        Raises:
            UnknownGenreError: no item has the genre.
        """
        candidates = self._catalogue.candidates(wanted.genre, wanted.min_ratings)
        if exclude_rated:
            candidates[rated[0]] = False
        page = best_of(self._artifact, rated, ratings, candidates, wanted.order, wanted.offset, wanted.n)
        clipped = page.ratings.clip(*self._artifact.manifest.rating_scale).tolist()
        relevances = [None] * page.items.size if page.relevance is None else page.relevance.tolist()
        because = self._because(page.items, rated) if wanted.reasons else [None] * page.items.size
        items = [self._catalogue[item] for item in page.items]
        return Recommendations(
            int(np.count_nonzero(candidates)),
            source,
            page.order,
            list(map(Recommendation, items, clipped, relevances, because)),
        )

    def _because(self, page: Positions, rated: tuple[Positions, Floats]) -> list[RankedItem | None]:
        """For each item of the page, the rated one that adds most to its relevance; None if none adds anything."""
        items, ratings = rated
        if self._artifact.relevance is None or items.size == 0 or page.size == 0:
            return [None] * page.size
        added = self._artifact.relevance.reasons(items, ratings, page)  # (page, rated)
        first = added.argmax(1)
        return [
            RankedItem(self._catalogue[items[place]], float(ratings[place])) if row[place] > 0 else None
            for row, place in zip(added, first.tolist(), strict=True)
        ]
