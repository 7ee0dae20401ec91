"""What is known of items beside their ratings, as a JSON file that loads without pandas."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NoReturn, TypeAlias

Value: TypeAlias = str | int | float | bool | tuple[str, ...] | None
"""Of an attribute; None where nobody knows."""

_NAMES_OF_FORMAT_3 = {"titles": "title", "years": "year", "genres": "genres"}


@dataclass(frozen=True)
class ItemTable:
    """Columns that describe n items, in the order of the model's items; those that nobody knows are None."""

    titles: tuple[str | None, ...] | None = None
    """Title without the year; None where nobody knows."""
    years: tuple[int | None, ...] | None = None
    """Year of release; None where nobody knows."""
    genres: tuple[tuple[str, ...], ...] | None = None
    """Genres of each item, possibly none."""
    attributes: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """All other columns, by name."""

    def to_json(self) -> bytes:
        """Write the columns by their names as JSON in UTF-8.

        Raises:
            ValueError: a number is not finite, or text has half a surrogate pair.
        """
        columns = {name: column for name, column in self._known().items() if column is not None}
        return json.dumps(
            {**columns, **self.attributes}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()

    @classmethod
    def from_json(cls, data: bytes, format_of_artefact: int) -> ItemTable:
        """Read what `to_json` wrote in artefacts of this format.

        Raises:
            ValueError: it is not JSON in UTF-8, or a value has the wrong type.
        """
        try:
            content = json.loads(data.decode(), parse_constant=_refuse_constant)
        except RecursionError as cause:
            raise ValueError("lists are nested too deeply") from cause
        if format_of_artefact == 3:
            content = _renamed(content)
        if not isinstance(content, dict):
            raise ValueError("columns by their names are needed")
        _check_text(content, "the name of a column")
        return cls(
            titles=_column(content, "title", _check_texts),
            years=_column(content, "year", _check_years),
            genres=_column(content, "genres", _check_lists),
            attributes={name: _column(content, name, _check_values) or () for name in [*content]},
        )

    def check(self, n_items: int) -> None:
        """Check that every column describes `n_items` items.

        Raises:
            ValueError: a column is longer or shorter, or an attribute has the name of another column.
        """
        for name, column in chain(self._known().items(), self.attributes.items()):
            if column is not None and len(column) != n_items:
                raise ValueError(f"{name} describes {len(column)} items, but the model has {n_items}")
        if twice := self._known().keys() & self.attributes.keys():
            raise ValueError(f"{min(twice)} is no attribute, but a column of its own")

    def _known(self) -> dict[str, tuple[Any, ...] | None]:
        return {"title": self.titles, "year": self.years, "genres": self.genres}


def _renamed(content: object) -> dict[str, Any]:
    if not isinstance(content, dict) or content.keys() != _NAMES_OF_FORMAT_3.keys():
        raise ValueError(f"the columns {', '.join(_NAMES_OF_FORMAT_3)} are needed")
    return {_NAMES_OF_FORMAT_3[name]: column for name, column in content.items()}


def _column(content: dict[str, Any], name: str, check: Callable[[list[Any], str], None]) -> tuple[Any, ...] | None:
    """Take a column out of the content, as a tuple, with lists in it as tuples; None if there is none."""
    column = content.pop(name, None)
    if column is None:
        return None
    if not isinstance(column, list):
        raise ValueError(f"{name} is not a list")
    check(column, name)
    return tuple(tuple(value) if isinstance(value, list) else value for value in column)


# Each looks at a whole column at once, as of a million items: one value is looked at only where it is the wrong one.


def _check_texts(column: list[Any], name: str) -> None:
    _check_types(column, name, {str, type(None)})
    _check_text(filter(None, column), name)


def _check_years(column: list[Any], name: str) -> None:
    _check_types(column, name, {int, type(None)})
    for year in set(column):
        if year is not None and not 0 < year < 10_000:
            raise ValueError(f"{name}[{column.index(year)}] is {year!r:.80}")


def _check_lists(column: list[Any], name: str) -> None:
    _check_types(column, name, {list})
    every = list(chain.from_iterable(column))
    _check_types(every, f"the lists of {name} together", {str})
    _check_text(every, name)


def _check_values(column: list[Any], name: str) -> None:
    _check_types(column, name, {str, int, float, bool, list, type(None)})
    _check_lists([value for value in column if type(value) is list], name)
    _check_text((value for value in column if type(value) is str), name)
    if not all(map(math.isfinite, (value for value in column if type(value) is float))):
        raise ValueError(f"{name} has numbers that are not finite")  # such as 1e999


def _check_types(values: Sequence[Any], name: str, types: set[type]) -> None:
    if wrong := set(map(type, values)) - types:
        row = next(row for row, value in enumerate(values) if type(value) in wrong)
        raise ValueError(f"{name}[{row}] is {values[row]!r:.80}")


def _check_text(texts: Iterable[str], name: str) -> None:
    try:
        "\n".join(texts).encode()
    except UnicodeEncodeError as cause:  # it can stand in JSON, but could never be sent in an answer
        raise ValueError(
            f"{name} has half a surrogate pair in {cause.object[cause.start - 1 : cause.end]!r}"
        ) from cause


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
