"""The items of a model: by title, by genre, and what the training ratings say of each."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from recsys.artifact import Artifact, Floats, Ids

Mask = npt.NDArray[np.bool_]

# So many bytes of a title are searched. The index gives every item the room of the longest, so one absurd title must
# not decide; the longest of MovieLens has below 200.
_INDEXED = 255


class UnknownGenreError(ValueError):
    """No item has this genre."""


@dataclass(frozen=True)
class CatalogueItem:
    """An item, and how it was rated in training."""

    item_id: int
    title: str
    year: int | None
    genres: tuple[str, ...]
    n_ratings: int
    mean_rating: float | None


class Catalogue:
    """Titles and genres in arrays, so that a search looks at all items at once."""

    def __init__(self, artifact: Artifact) -> None:
        """Prepare titles, genres and popularity for searching."""
        arrays, self._table = artifact.arrays, artifact.items
        self._ids = arrays["item_ids"]
        n_items = self._ids.size
        self._counts = np.bincount(arrays["rating_items"], minlength=n_items)
        self._sums = np.bincount(arrays["rating_items"], arrays["rating_values"], minlength=n_items)
        self._by_popularity = np.argsort(-self._counts, kind="stable")
        # Bytes take a quarter of the room of text; a piece of UTF-8 is found where its characters are.
        indexed = [normalised(title).encode()[:_INDEXED] for title in self._table.titles]
        self._searchable = np.array(indexed, dtype=np.bytes_)
        self.genres = tuple(sorted({genre for genres in self._table.genres for genre in genres}))
        self._of_genre: dict[str, list[int]] = {normalised(genre): [] for genre in self.genres}
        for item, genres in enumerate(self._table.genres):
            for genre in genres:
                self._of_genre[normalised(genre)].append(item)

    def __getitem__(self, item: int) -> CatalogueItem:
        """Return the item at a position."""
        table, count = self._table, int(self._counts[item])
        mean = float(self._sums[item] / count) if count else None
        return CatalogueItem(
            int(self._ids[item]), table.titles[item], table.years[item], table.genres[item], count, mean
        )

    def search(self, query: str) -> Ids:
        """Positions of the items whose title has every word of the query, most rated first.

        A word is found inside words too, and neither case nor accents matter: "amelie" finds "Amélie".
        """
        found = np.ones(self._ids.size, np.bool_)
        for word in dict.fromkeys(normalised(query).encode().split()):
            found &= np.strings.find(self._searchable, word) >= 0
        return self._by_popularity[found[self._by_popularity]]

    def with_genre(self, genre: str) -> Mask:
        """Which items (n_items,) have a genre; neither case nor accents matter.

        Raises:
            UnknownGenreError: no item has it.
        """
        items = self._of_genre.get(normalised(genre))
        if items is None:
            raise UnknownGenreError(f"no item has the genre {genre!r:.100}; there are {', '.join(self.genres)}")
        mask = np.zeros(self._ids.size, np.bool_)
        mask[items] = True
        return mask


def normalised(text: str) -> str:
    """Text without case and accents, for comparison; NUL, which would end a byte string of numpy, is replaced."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("\0", "\N{REPLACEMENT CHARACTER}"))
    return "".join(character for character in decomposed if not unicodedata.combining(character)).casefold()


def best(scores: Floats, candidates: Mask, offset: int, n: int) -> Ids:
    """Positions of the `n` candidates with the highest scores after the first `offset`; of equals the first item first.

    Only what reaches the page is sorted.
    """
    items = np.flatnonzero(candidates)
    last = offset + n
    if last < items.size:
        threshold = np.partition(scores[items], items.size - last)[items.size - last]
        items = items[scores[items] >= threshold]
    order = np.argsort(-scores[items], kind="stable")
    return items[order[offset:last]]
