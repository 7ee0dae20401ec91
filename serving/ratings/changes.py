"""Changes of what is stored: a rating that is put, one that is deleted, and all of a user."""

from __future__ import annotations

import time
from typing import NamedTuple

Pair = tuple[str, str]
"""User and item, as the table of the database has them."""


class Value(NamedTuple):
    """A rating, and when it was given."""

    rating: float
    timestamp: int


class Put(NamedTuple):
    """A user rates an item."""

    pair: Pair
    rating: float
    timestamp: int | None
    """When, in whole seconds since 1970, UTC; None for now."""


class Delete(NamedTuple):
    """The rating of a pair is to be gone."""

    pair: Pair


class DeleteUser(NamedTuple):
    """All that is stored of a user is to be gone."""

    user_id: str


class Outcome(NamedTuple):
    """What a change of one pair found, and what it left; None where there is no rating."""

    before: Value | None
    after: Value | None
    is_refused: bool = False
    """A rating was put that is older than the one before, which stays."""


Change = Put | Delete | DeleteUser


def decided(change: Put | Delete, before: Value | None) -> Outcome:
    """What becomes of a pair: the newer rating stays, of two of one time the one that arrived last.

    A rating without a time is given now, and replaces whatever is there: the clock of another server, or of whoever
    sent the one before, may be ahead.
    """
    if isinstance(change, Delete):
        return Outcome(before, None)
    if change.timestamp is None:
        now = int(time.time())
        return Outcome(before, Value(change.rating, now if before is None else max(now, before.timestamp)))
    if before is not None and change.timestamp < before.timestamp:
        return Outcome(before, before, is_refused=True)
    return Outcome(before, Value(change.rating, change.timestamp))
