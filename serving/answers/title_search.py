"""Finds items by what people remember of their titles."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import OSA

from recsys.artifact import Positions
from serving.answers.titles import alternatives, words

# Of a word: places of the index's words that may stand for it, with the mistakes that this takes, the most first.
_Look = Callable[[str], Iterable[tuple[int, Positions]]]
_LAST = "\U0010ffff"  # after every character
# How many mistakes a word of so many letters may have: none in the shortest, where one makes another word of it.
_MISTAKES = ((3, 0), (6, 1))
_MOST_MISTAKES = 2
_ABSENT = 1 << 20  # more mistakes than all words of a query together can have


class Found(NamedTuple):
    """Positions of the items found, best first, and whether their titles are only spelt like the query."""

    items: Positions
    approximate: bool


class TitleSearch:
    """An index of the words of n titles, and of the beginnings of their names.

    Memory and time grow with the different words, not with the longest title. One word of a query takes well below a
    millisecond where it is found, and a few at 100,000 titles where words that are spelt alike are looked for.
    """

    def __init__(self, titles: Sequence[str], years: Sequence[int | None], order: Positions) -> None:
        """Index titles; of those that fit alike, the first in `order` (n,) comes first."""
        self._order = order
        self._years = np.array([0 if year is None else year for year in years], np.int64)
        of_titles = list(map(words, titles))
        names, named = [], []
        for item, (title, of_title) in enumerate(zip(titles, of_titles, strict=True)):
            for name in dict.fromkeys(["".join(of_title), *("".join(words(form)) for form in alternatives(title)[1:])]):
                if name:
                    names.append(name)
                    named.append(item)
        by_name = sorted(range(len(names)), key=names.__getitem__)
        self._names = [names[place] for place in by_name]
        self._named = np.array(named, np.int64)[by_name]
        numbers: dict[str, int] = {}  # of words, as they first occur
        of_all = [numbers.setdefault(word, len(numbers)) for of_title in of_titles for word in of_title]
        self._words = sorted(numbers, key=len)
        places = np.empty(len(numbers), np.int64)
        places[[numbers[word] for word in self._words]] = np.arange(len(numbers))
        # Each word once for each item that has it: items, and places of words.
        items = np.repeat(np.arange(len(of_titles)), list(map(len, of_titles)))
        pairs = np.sort(places[of_all] * len(of_titles) + items)
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]
        self._words_of_items, self._items = np.divmod(pairs, len(of_titles))
        self._text = "".join(f"{word}\n" for word in self._words)
        self._lengths = [len(word) for word in self._words]
        self._ends = np.cumsum(np.array(self._lengths, np.int64) + 1)  # where each word's line ends in the text

    def search(self, query: str) -> Found:
        """Find titles that are the query, then those that begin with it, then those that have all of its words.

        A word is found inside words too; case, accents, punctuation and spaces between words do not matter, an article
        may stand before or behind, and a number may be the year. Where there is no such title, titles are found whose
        words differ by a mistake or, from six letters, two (a letter left out, added, changed, or two swapped), the
        fewest mistakes first. A query without a single letter or digit finds nothing, and a blank one everything.
        """
        # Long words are rare: after them little is left to look at.
        asked = sorted(dict.fromkeys(words(query)), key=len, reverse=True)
        if not asked:
            return Found(self._order if not query.strip(" ") else self._order[:0], False)
        rank = self._named_like("".join(words(query)))
        rank[(rank > 2) & (self._mistakes(asked, self._inside) == 0)] = 2
        if (rank <= 2).any():
            return Found(self._sorted(rank, 2), False)
        alike = self._sorted(self._mistakes(asked, self._nearly), _ABSENT - 1)
        return Found(alike, alike.size > 0)

    def _sorted(self, rank: npt.NDArray[np.int64], most: int) -> Positions:
        """Items of rank `most` and less, the lowest first, equals in their order."""
        items = self._order[rank[self._order] <= most]
        return items[np.argsort(rank[items], kind="stable")]

    def _named_like(self, query: str) -> npt.NDArray[np.int64]:
        """For each item 0 where a name of it is the query, 1 where one begins with it, else 3."""
        begin, same, end = (
            find(self._names, text)
            for find, text in ((bisect_left, query), (bisect_right, query), (bisect_left, query + _LAST))
        )
        rank = np.full(self._order.size, 3)
        rank[self._named[same:end]] = 1
        rank[self._named[begin:same]] = 0
        return rank

    def _mistakes(self, asked: list[str], look: _Look) -> npt.NDArray[np.int64]:
        """For each item how many mistakes the words have together; `_ABSENT` and more where it lacks one."""
        total = np.zeros(self._order.size, np.int64)
        for word in asked:
            here = np.full(total.size, _ABSENT)
            for mistakes, found in look(word):  # the most mistakes first
                here[self._with(found)] = mistakes
            if len(word) == 4 and word.isdecimal():
                here[self._years == int(word)] = 0
            total += here
            if total.min() >= _ABSENT:
                break  # nothing is left to look for
        return total

    def _inside(self, asked: str) -> Iterable[tuple[int, Positions]]:
        """The words that hold the one asked for."""
        found, at = [], self._text.find(asked)
        while at >= 0:
            found.append(at)
            at = self._text.find(asked, self._text.index("\n", at))
        return [(0, np.searchsorted(self._ends, found, side="right"))]

    def _nearly(self, asked: str) -> Iterable[tuple[int, Positions]]:
        """The words that differ by so many mistakes, from the most to those that hold the one asked for."""
        most = next((mistakes for length, mistakes in _MISTAKES if len(asked) < length), _MOST_MISTAKES)
        begin = bisect_left(self._lengths, len(asked) - most)  # a mistake changes the length by one or not at all
        words = self._words[begin : bisect_right(self._lengths, len(asked) + most)] if most else []
        near = process.extract(asked, words, scorer=OSA.distance, score_cutoff=most, limit=None)
        for mistakes in range(most, 0, -1):
            yield mistakes, np.array([begin + place for _, distance, place in near if distance == mistakes], np.int64)
        yield from self._inside(asked)

    def _with(self, found: Positions) -> Positions:
        """Items that have one of the words at these places."""
        wanted = np.zeros(len(self._words), np.bool_)
        wanted[found] = True
        items: Positions = self._items[wanted[self._words_of_items]]
        return items
