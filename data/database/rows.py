"""Ratings as a database has them; nothing here needs SQLAlchemy."""

from __future__ import annotations

import json
from typing import NamedTuple

from data.ids import Id

LONGEST_ID = 255
"""Characters of an id as it is written: two of them, of four bytes each, are a key that every database takes."""


class Stored(NamedTuple):
    """A rating that is stored, with its original ids."""

    user_id: Id
    item_id: Id
    rating: float
    timestamp: int
    """When it was given, in whole seconds since 1970, UTC."""


def written(original_id: Id) -> str:
    """An id as the table has it, as JSON writes it: 7, and "7" for the text. So no character is a special one."""
    return str(original_id) if isinstance(original_id, int) else json.dumps(original_id, ensure_ascii=False)


def original(written_id: str) -> Id:
    """The id that `written` wrote."""
    if written_id.startswith('"'):
        text: str = json.loads(written_id)
        return text
    return int(written_id)
