"""A column of the item table: which values it takes of a new item, and what they become."""

from __future__ import annotations

import datetime
import math
import reprlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recsys.artifact.cold_items.code import Code, Encoded

_WANTED = {  # of each kind; those of `recsys.features.kinds`
    "categories": "text, a number or true or false",
    "lists": "a list of text",
    "numbers": "a number",
    "dates": "a date as text, such as 1995-11-22, or seconds since 1970",
}


class FeatureError(ValueError):
    """A value is none that its column takes, or a column is none that the model uses; the message says which."""


@dataclass(frozen=True)
class Column:
    """A column whose values say something of an item without ratings."""

    name: str
    kind: str
    """Categories, lists, numbers or dates."""
    code: Code

    def encode(self, value: Any) -> Encoded:
        """The features of a value; those of a missing one for None, NaN and, of categories, blank text.

        Raises:
            FeatureError: it is not of the column's kind.
        """
        value = value.tolist() if isinstance(value, np.generic | np.ndarray) else value
        if self.is_missing(value):
            return self.code.of_nothing()
        if self.kind == "categories" and _is_name(value):
            return self.code.of_names([self._written(value)])
        if self.kind == "lists" and isinstance(value, Sequence | Set) and not isinstance(value, str):
            elements = [element for element in value if element is not None]
            if all(map(_is_name, elements)):
                return self.code.of_names(map(self._written, elements))
        if self.kind in ("numbers", "dates") and (number := _number(value, dates=self.kind == "dates")) is not None:
            return self.code.of_number(number)
        raise FeatureError(f"{self.name}: {_WANTED[self.kind]} is needed, not {reprlib.repr(value)}")

    def is_missing(self, value: Any) -> bool:
        """Whether a value is none."""
        is_none = value is None or (isinstance(value, float) and math.isnan(value))
        return is_none or (self.kind == "categories" and not str(value).strip())

    def _written(self, value: str | float) -> str:
        """A value as the table's are: a whole number with or without a decimal, as the column's were."""
        if isinstance(value, str):
            return value
        written, other = str(value), f"{value}.0"
        if isinstance(value, float):
            other = written.removesuffix(".0")
        return other if self.code.knows(other) and not self.code.knows(written) else written

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which `from_json` makes the same column."""
        return {"name": self.name, "kind": self.kind, **asdict(self.code)}

    @classmethod
    def from_json(cls, content: Any) -> Column:
        """The column that `to_json` was asked of.

        Raises:
            ValueError: it is none.
        """
        types: Mapping[str, Any] = {
            "name": str, "kind": str, "width": int, "names": list, "begins": list,
            "rare": int | None, "missing": int | None,
        }  # fmt: skip
        if not isinstance(content, dict) or content.keys() != types.keys():
            raise ValueError(f"a column of new items has {', '.join(types)}, not {content!r:.80}")
        for name, kind in types.items():
            if not isinstance(content[name], kind) or isinstance(content[name], bool):
                raise ValueError(f"{name} of a column of new items is {content[name]!r:.80}")
        names, begins, kind = content["names"], content["begins"], content["kind"]
        if not {*map(type, names)} <= {str} or not {*map(type, begins)} <= {int, float} or kind not in _WANTED:
            raise ValueError(f"a column of new items is {content!r:.80}")
        code = Code(content["width"], tuple(names), tuple(begins), content["rare"], content["missing"])
        try:
            code.check()
        except ValueError as cause:
            raise ValueError(f"the column {content['name']!r:.80} of new items cannot be used: {cause}") from cause
        return cls(content["name"], kind, code)


def _is_name(value: Any) -> bool:
    """Whether a value may be a name: text that can be sent, a number, or true or false."""
    if not isinstance(value, str):
        return isinstance(value, int | float)
    try:
        value.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


def _number(value: Any, *, dates: bool) -> float | None:
    """A number, or a date in seconds since 1970, UTC; None if it is neither."""
    if dates and isinstance(value, str):
        try:
            value = datetime.datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if dates and isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if dates and isinstance(value, datetime.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).timestamp()
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None
    return None
