"""The items of a model: by title, by genre, and what the training ratings say of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.artifact import Artifact, Id, Value
from recsys.artifact.answers.training_ratings import sums
from serving.answers.id_search import IdSearch
from serving.answers.known_ids import KnownIds
from serving.answers.title_search import Found, TitleSearch
from serving.answers.titles import display_title, normalised

Mask = npt.NDArray[np.bool_]


class UnknownGenreError(ValueError):
    """No item has this genre."""


@dataclass(frozen=True)
class CatalogueItem:
    """An item, and how it was rated in training."""

    item_id: Id
    title: str
    display_title: str
    year: int | None
    genres: tuple[str, ...]
    n_ratings: int
    mean_rating: float | None


class ItemCatalogue:
    """Titles, genres and ratings of all items, prepared for searching."""

    def __init__(self, artifact: Artifact) -> None:
        """Index titles and genres, and count ratings; items without a title are found by their ids."""
        arrays, self._table = artifact.arrays, artifact.items
        self._ids = KnownIds("item", artifact.item_ids)
        n_items = artifact.item_ids.size
        self.counts = artifact.item_counts
        self._sums = sums(arrays["rating_items"], arrays["rating_values"], n_items)
        by_popularity = np.argsort(-self.counts, kind="stable")
        titles, years, all_genres = self._table.titles, self._table.years or (None,) * n_items, self._table.genres or ()
        self._search = (
            IdSearch(artifact.item_ids, by_popularity)
            if titles is None
            else TitleSearch([title or str(self._ids[item]) for item, title in enumerate(titles)], years, by_popularity)
        )
        self.genres = tuple(sorted({genre for genres in all_genres for genre in genres}))
        compared = {genre: normalised(genre) for genre in self.genres}
        by_genre: dict[str, list[int]] = {genre: [] for genre in compared.values()}
        for item, genres in enumerate(all_genres):
            for genre in genres:
                by_genre[compared[genre]].append(item)
        self._by_genre = {genre: np.array(items) for genre, items in by_genre.items()}

    def __getitem__(self, item: int) -> CatalogueItem:
        """Return the item at a position."""
        table, item_id, count = self._table, self._ids[item], int(self.counts[item])
        title = table.titles[item] if table.titles else None
        return CatalogueItem(
            item_id=item_id,
            title=title or str(item_id),
            display_title=display_title(title) if title else str(item_id),
            year=table.years[item] if table.years else None,
            genres=table.genres[item] if table.genres else (),
            n_ratings=count,
            mean_rating=float(self._sums[item] / count) if count else None,
        )

    def attributes(self, item: int) -> dict[str, Value]:
        """What else the item table says of the item at a position, by the name of the column."""
        return {name: column[item] for name, column in self._table.attributes.items()}

    def search(self, query: str) -> Found:
        """Find items as `TitleSearch` or `IdSearch` says; of those that fit alike, the most rated come first."""
        return self._search.search(query)

    def candidates(self, genre: str | None, min_ratings: int) -> Mask:
        """Which items (n_items,) have a genre, whose case and accents do not matter, and as many training ratings.

        Raises:
            UnknownGenreError: no item has the genre.
        """
        enough: Mask = self.counts >= min_ratings
        return enough if genre is None else enough & self._with_genre(genre)

    def _with_genre(self, genre: str) -> Mask:
        items = self._by_genre.get(normalised(genre))
        if items is None:
            raise UnknownGenreError(
                f"no item has the genre {genre!r:.100}; there are {', '.join(self.genres) or 'none'}"
            )
        mask = np.zeros(self._ids.ids.size, np.bool_)
        mask[items] = True
        return mask
