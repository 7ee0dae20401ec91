"""What is known of items beside their ratings: title, year and genres, as a JSON file that loads without pandas."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class ItemTable:
    """Titles, years and genres of n items, in the order of the model's items."""

    titles: tuple[str, ...]
    """Title without the year."""
    years: tuple[int | None, ...]
    """Year of release; None where nobody knows."""
    genres: tuple[tuple[str, ...], ...]
    """Genres of each item, possibly none."""

    def to_json(self) -> bytes:
        """Write the table as JSON in UTF-8."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, data: bytes) -> ItemTable:
        """Read what `to_json` wrote.

        Raises:
            ValueError: it is not JSON in UTF-8, a column is missing, or a value has the wrong type.
        """
        try:
            content = json.loads(data.decode())
        except RecursionError as cause:
            raise ValueError("lists are nested too deeply") from cause
        columns = ("titles", "years", "genres")
        if not isinstance(content, dict) or content.keys() != set(columns):
            raise ValueError(f"the columns {', '.join(columns)} are needed")
        titles, years, genres = (content[name] for name in columns)
        _check(titles, "titles", _is_text)
        _check(years, "years", _is_year)
        _check(genres, "genres", _is_texts)
        return cls(tuple(titles), tuple(years), tuple(map(tuple, genres)))

    def check(self, n_items: int) -> None:
        """Check that every column describes `n_items` items.

        Raises:
            ValueError: a column is longer or shorter.
        """
        for name, column in vars(self).items():
            if len(column) != n_items:
                raise ValueError(f"{name} describes {len(column)} items, but the model has {n_items}")


def _check(column: object, name: str, is_valid: Callable[[object], bool]) -> None:
    if not isinstance(column, list):
        raise ValueError(f"{name} is not a list")
    for row, value in enumerate(column):
        if not is_valid(value):
            raise ValueError(f"{name}[{row}] is {value!r:.80}")


def _is_text(value: object) -> bool:
    # A lone surrogate can stand in JSON, but could never be sent in an answer.
    return isinstance(value, str) and value.encode(errors="replace").decode() == value


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _is_year(value: object) -> bool:
    return value is None or (type(value) is int and 0 < value < 10_000)
