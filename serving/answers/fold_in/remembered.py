"""Scores of users who were asked for a moment ago: of a model that was averaged over its posterior they take long."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from recsys.artifact import Floats, Positions
from serving.answers.fold_in.answer import FoldIn

# Of all scores together: those of 4,987 users of MovieLens-100K's films, of 142 of 25M's.
_BYTES = 1 << 25
_DIGEST = 16  # bytes that stand for a user's ratings; no two users have the same by chance


class Remembered:
    """`FoldIn.scores` of the users who were asked for last, by their ratings.

    The same ratings have the same scores, whoever has given them. So nothing here has to be told of a rating that is
    put or deleted, in this process or another one.
    """

    def __init__(self, fold_in: FoldIn, n_items: int) -> None:
        """Remember nobody yet."""
        self._fold_in = fold_in
        self._most = max(1, _BYTES // (4 * n_items))
        self._found: OrderedDict[bytes, tuple[Floats, float]] = OrderedDict()
        self._lock = Lock()  # threads compute

    def has(self, items: Positions, ratings: Floats) -> bool:
        """Whether `scores` need not be computed."""
        return _key(items, ratings) in self._found

    def scores(self, items: Positions, ratings: Floats) -> tuple[Floats, float]:
        """Ratings of all items (n_items,), which are not to be written to, and the user's own mean."""
        key = _key(items, ratings)
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
                return found
        found = self._fold_in.scores(items, ratings)
        found[0].setflags(write=False)
        with self._lock:
            self._found[key] = found
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        return found


def _key(items: Positions, ratings: Floats) -> bytes:
    content = blake2b(items.tobytes(), digest_size=_DIGEST)
    content.update(ratings.tobytes())
    return content.digest()
