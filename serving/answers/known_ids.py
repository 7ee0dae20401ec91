"""The ids that a request names, and where a model has them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import compress
from typing import NamedTuple, NoReturn

import numpy as np

from recsys.artifact import Found, Id, Ids, StringIds, find, positions

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}")  # so that "3.0", " 3" and "1_0" are no users 3 and 10
_LONGEST_SHOWN = 100  # characters of an id that an error repeats


class UnknownIdError(LookupError):
    """The model has no such user or item, and the request wants no substitute."""


class WrongKindOfIdError(ValueError):
    """A number is asked of a model whose ids are text, or text of one whose ids are whole numbers."""


class Located(NamedTuple):
    """Where the users and the items of n pairs stand, and whether they do."""

    users: Found
    items: Found


class KnownIds:
    """The original ids of a model's users or items: all are whole numbers of 64 bits, or all are text."""

    def __init__(self, side: str, ids: Ids) -> None:
        """Take over the ids of a side, "user" or "item"."""
        self.ids = ids
        self.are_text = isinstance(ids, StringIds)
        self._side = side
        self._kind: type = str if self.are_text else int

    def __getitem__(self, position: int) -> Id:
        """The id of the user or item at a position."""
        return self.ids[position] if isinstance(self.ids, StringIds) else int(self.ids[position])

    def find(self, original_id: Id) -> int | None:
        """Position of an id; None where the model has none.

        Raises:
            WrongKindOfIdError: it is not of the model's kind.
        """
        if type(original_id) is not self._kind:
            self._refuse(original_id)
        return find(self.ids, original_id)

    def knows(self, original_id: Id) -> bool:
        """Whether there is such an id; one of the other kind is none."""
        return type(original_id) is self._kind and find(self.ids, original_id) is not None

    def position(self, original_id: Id) -> int:
        """Position of an id.

        Raises:
            UnknownIdError: the model has none.
            WrongKindOfIdError: it is not of the model's kind.
        """
        position = self.find(original_id)
        if position is None:
            self._miss(original_id)
        return position

    def positions(self, original_ids: Sequence[Id], *, strict: bool = False) -> Found:
        """Where each of (k,) ids stands, and whether it does; 0 where it does not.

        Raises:
            UnknownIdError: `strict`, and one is unknown.
            WrongKindOfIdError: one is not of the model's kind.
        """
        self.check(original_ids)
        places, known = positions(self.ids, original_ids)
        if strict and not known.all():
            self._miss(original_ids[int(known.argmin())])
        return places, known

    def known_positions(self, original_ids: Sequence[Id]) -> Found:
        """Where each of (k,) ids stands, and whether it does, as in `positions`; one of the other kind does not."""
        of_kind = np.fromiter((type(each) is self._kind for each in original_ids), np.bool_, len(original_ids))
        if of_kind.all():
            return positions(self.ids, original_ids)
        places, known = np.zeros(of_kind.size, np.int64), np.zeros(of_kind.size, np.bool_)
        places[of_kind], known[of_kind] = positions(self.ids, list(compress(original_ids, of_kind)))
        return places, known

    def check(self, original_ids: Sequence[Id]) -> None:
        """Check that ids (k,) are of the model's kind.

        Raises:
            WrongKindOfIdError: one is not.
        """
        if not set(map(type, original_ids)) <= {self._kind}:
            place = next(place for place, each in enumerate(original_ids) if type(each) is not self._kind)
            self._refuse(original_ids[place], place)

    def from_text(self, text: str, place: int | None = None) -> Id:
        """The id that is written as text in an address or, at a place, in a column of a file without types.

        Raises:
            WrongKindOfIdError: the model's ids are whole numbers of 64 bits, and the text is none.
        """
        if self.are_text:
            return text
        if not _WHOLE_NUMBER.fullmatch(text) or not -(2**63) <= (number := int(text)) < 2**63:
            self._refuse(text, place)
        return number

    def _miss(self, original_id: Id) -> NoReturn:
        raise UnknownIdError(f"the model knows no {self._side} {_shown(original_id)}")

    def _refuse(self, original_id: Id, place: int | None = None) -> NoReturn:
        where = f"{self._side}_id" if place is None else f"{self._side}_id.{place}"
        right = "text" if self.are_text else "whole numbers of at most 64 bits"
        raise WrongKindOfIdError(f"{where}: the {self._side} ids of this model are {right}, not {_shown(original_id)}")


def _shown(original_id: Id) -> str:
    """An id as JSON writes it, so that text such as "7" or "" is seen to be text."""
    if not isinstance(original_id, str):
        return str(original_id)
    whole = json.dumps(original_id[:_LONGEST_SHOWN], ensure_ascii=False)
    return whole if len(original_id) <= _LONGEST_SHOWN else f"{whole} …"
