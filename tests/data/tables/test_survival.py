"""Ids to the byte, ratings and times survive the way from a table through each format into `Ratings`."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.ratings import Ratings
from data.tables import read_ratings

LARGEST = 2**63 - 1
ODD = [
    "",
    "NaN",
    "nan",
    "null",
    "NA",
    "007",
    "7",
    "7.0",
    " 7",
    "7 ",
    "-0",
    "+1",
    "1e3",
    "a,b",
    "a;b",
    "a|b",
    "a::b",
    "a\tb",
    'say "hi"',
    '"',
    "'",
    "\\",
    "\\N",
    "a\nb",
    "a\r\nb",
    "\r",
    "\u2028",
    "\x85",
    "\ufeff",
    "e\u0301",
    "\u00e9",
    "🦊",
    "日本",
    "\U0010ffff",
    "2024-05-31",
    "true",
    "[1]",
    "{}",
    "#",
    "=1+1",
    str(2**63),
    "user",
    "item",
]
# A null byte would make a text a file of another kind.
TEXT = st.one_of(
    st.sampled_from(ODD), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
)
NUMBER = st.integers(-(2**63), LARGEST) | st.sampled_from([0, 1, LARGEST, -(2**63)])
RATING = st.integers(-20, 200).map(lambda n: n / 2)
TIME = st.integers(0, 5_000_000_000)


def table(ids: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, list[Any]]]:
    rows = st.lists(st.tuples(ids, ids, RATING, TIME), min_size=2, max_size=12, unique_by=lambda row: row[:2])
    return rows.map(
        lambda found: dict(zip(("user", "item", "rating", "time"), map(list, zip(*found, strict=True)), strict=True))
    )


TABLES = table(TEXT) | table(NUMBER)


def frame(columns: dict[str, list[Any]], _: Path) -> pd.DataFrame:
    return pd.DataFrame(columns)


def polars(columns: dict[str, list[Any]], _: Path) -> Any:
    return pytest.importorskip("polars").DataFrame(columns)


def arrow(columns: dict[str, list[Any]], _: Path) -> pa.Table:
    return pa.table(columns)


def parquet(columns: dict[str, list[Any]], folder: Path) -> Path:
    pa.parquet.write_table(pa.table(columns), folder / "plays.parquet")
    return folder / "plays.parquet"


def feather(columns: dict[str, list[Any]], folder: Path) -> Path:
    pa.feather.write_feather(pa.table(columns), folder / "plays.feather")
    return folder / "plays.feather"


def json_lines(columns: dict[str, list[Any]], folder: Path) -> Path:
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    (folder / "plays.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "plays.jsonl"


def text(columns: dict[str, list[Any]], folder: Path) -> Path:
    with (folder / "plays.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return folder / "plays.csv"


WAYS: list[Callable[[dict[str, list[Any]], Path], Any]] = [frame, polars, arrow, parquet, feather, json_lines, text]


def expected_ids(ids: list[Any]) -> list[Any]:
    """Ids in order; text by its bytes."""
    return sorted(set(ids), key=lambda each: each.encode() if isinstance(each, str) else each)


def require_equal(ratings: Ratings, columns: dict[str, list[Any]]) -> None:
    assert ratings.user_ids.tolist() == expected_ids(columns["user"])
    assert ratings.item_ids.tolist() == expected_ids(columns["item"])
    assert [ratings.user_ids[user] for user in ratings.users] == columns["user"]
    assert [ratings.item_ids[item] for item in ratings.items] == columns["item"]
    assert ratings.values.tolist() == columns["rating"]
    assert ratings.timestamps is not None
    assert ratings.timestamps.tolist() == columns["time"]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@settings(max_examples=60, deadline=None)
@given(columns=TABLES)
def test_ids_ratings_and_times_survive(
    way: Callable[..., Any], columns: dict[str, list[Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    ratings = read_ratings(way(columns, tmp_path_factory.getbasetemp()), scale="-10,100,0.5")
    if way is text:  # in which whole numbers are numbers
        columns = columns | {side: as_written(columns[side]) for side in ("user", "item")}
    require_equal(ratings, columns)


def as_written(ids: list[Any]) -> list[Any]:
    """Ids as a text has them: numbers if all are written as numbers are."""
    try:
        numbers = [int(each) for each in ids]
    except ValueError:
        return ids
    whole = all(str(n) == str(each) and -(2**63) <= n <= LARGEST for n, each in zip(numbers, ids, strict=True))
    return numbers if whole else ids


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_megabyte_of_odd_strings_survives(way: Callable[..., Any], tmp_path: Path) -> None:
    users = [f"{odd}{n}" for n in range(2000) for odd in ODD] + ["x🦊" * 200_000]
    n = len(users)
    columns = {
        "user": users,
        "item": [ODD[row % len(ODD)] for row in range(n)],
        "rating": [row % 5 for row in range(n)],
        "time": list(range(n)),
    }
    assert sum(len(user.encode()) for user in users) > 1_000_000
    ratings = read_ratings(way(columns, tmp_path), duplicates="last")
    assert ratings.user_ids.tolist() == expected_ids(users)
    assert ratings.item_ids.tolist() == sorted(ODD, key=str.encode)
    assert np.array_equal(ratings.users[-1:], [ratings.user_ids.tolist().index(users[-1])])
