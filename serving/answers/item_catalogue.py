"""The items of a model: by title, by genre, and what the training ratings say of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.artifact import Artifact
from serving.answers.title_search import Found, TitleSearch
from serving.answers.titles import display_title, normalised

Mask = npt.NDArray[np.bool_]


class UnknownGenreError(ValueError):
    """No item has this genre."""


@dataclass(frozen=True)
class CatalogueItem:
    """An item, and how it was rated in training."""

    item_id: int
    title: str
    display_title: str
    year: int | None
    genres: tuple[str, ...]
    n_ratings: int
    mean_rating: float | None


class ItemCatalogue:
    """Titles, genres and ratings of all items, prepared for searching."""

    def __init__(self, artifact: Artifact) -> None:
        """Index titles and genres, and count ratings."""
        arrays, self._table = artifact.arrays, artifact.items
        self._ids = arrays["item_ids"]
        n_items = self._ids.size
        self._counts = np.bincount(arrays["rating_items"], minlength=n_items)
        self._sums = np.bincount(arrays["rating_items"], arrays["rating_values"], minlength=n_items)
        by_popularity = np.argsort(-self._counts, kind="stable")
        self._search = TitleSearch(self._table.titles, self._table.years, by_popularity)
        self.genres = tuple(sorted({genre for genres in self._table.genres for genre in genres}))
        by_genre: dict[str, list[int]] = {normalised(genre): [] for genre in self.genres}
        for item, genres in enumerate(self._table.genres):
            for genre in genres:
                by_genre[normalised(genre)].append(item)
        self._by_genre = {genre: np.array(items) for genre, items in by_genre.items()}

    def __getitem__(self, item: int) -> CatalogueItem:
        """Return the item at a position."""
        table, count = self._table, int(self._counts[item])
        mean = float(self._sums[item] / count) if count else None
        title = table.titles[item]
        return CatalogueItem(
            int(self._ids[item]), title, display_title(title), table.years[item], table.genres[item], count, mean
        )

    def search(self, query: str) -> Found:
        """Find items by title as `TitleSearch` says; of those that fit alike, the most rated come first."""
        return self._search.search(query)

    def with_genre(self, genre: str) -> Mask:
        """Which items (n_items,) have a genre; neither case nor accents matter.

        Raises:
            UnknownGenreError: no item has it.
        """
        items = self._by_genre.get(normalised(genre))
        if items is None:
            raise UnknownGenreError(f"no item has the genre {genre!r:.100}; there are {', '.join(self.genres)}")
        mask = np.zeros(self._ids.size, np.bool_)
        mask[items] = True
        return mask
