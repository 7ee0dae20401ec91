"""Ratings as rows to compare, and files to read them from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data.ratings import Ratings
from data.tables import read_ratings

Rows = list[tuple[Any, ...]]


def rows(ratings: Ratings) -> Rows:
    """User, item, rating and, if they are known, time, of each rating in order."""
    columns: list[Any] = [
        ratings.user_ids[ratings.users].tolist(),
        ratings.item_ids[ratings.items].tolist(),
        ratings.values.tolist(),
    ]
    if ratings.timestamps is not None:
        columns.append(ratings.timestamps.tolist())
    return list(zip(*columns, strict=True))


def read(folder: Path, content: bytes | str, name: str = "plays.csv", **options: Any) -> Ratings:
    """What is read from a file of this content."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_ratings(file, **options)
