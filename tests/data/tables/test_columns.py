"""Which column is which: by usual names, by given names, by places."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from data.errors import ColumnError, DataError, UnknownFormatError
from tests.data.tables.rows import Rows, read, rows

ONE: Rows = [("u", "i", 4.0), ("v", "i", 3.0)]
TIMED: Rows = [("u", "i", 4.0, 100), ("v", "i", 3.0, 200)]


@pytest.mark.parametrize(
    "header",
    [
        "user,item,rating,timestamp",
        "userId,movieId,rating,timestamp",
        "user_id,business_id,stars,date",
        "reviewerID,asin,overall,unixReviewTime",
        "User-ID,ISBN,Book-Rating,Time",
        "USER ID,Item ID,Score,TS",
        "user_id:token,item_id:token,rating:float,timestamp:float",
        "uid, iid, rate, created_at",
    ],
)
def test_usual_names_are_known(header: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "data"):
        assert rows(read(tmp_path, f"{header}\nu,i,4,100\nv,i,3,200\n")) == TIMED
    assert f"plays.csv: user is {header.split(',')[0]}, item is" in caplog.text


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        ("who,what,loves\nu,i,4\nv,i,3\n", {"user": "who", "item": "what", "rating": "loves"}, ONE),
        ("user,item,rating,rating2\nu,i,9,4\nv,i,9,3\n", {"rating": "rating2"}, ONE),
        ("user,item,rating,when\nu,i,4,100\nv,i,3,200\n", {"time": "when"}, TIMED),
        ("user,item,rating,time\nu,i,4,soon\nv,i,3,\n", {"time": ""}, ONE),
        ("u,i,4,100\nv,i,3,200\n", {"time": ""}, ONE),
        ("4,i,u\n3,i,v\n", {"user": "3", "rating": "1"}, ONE),
        ("9,u,i,4\n9,v,i,3\n", {"user": "2", "item": "3", "rating": "4"}, ONE),
        ("9,u,i,4,100\n9,v,i,3,200\n", {"user": "2", "item": "3", "rating": "4", "time": "5"}, TIMED),
        ("9,u,i,4,100\n9,v,i,3,200\n", {"user": 2, "item": 3, "rating": 4, "time": 5}, TIMED),
        ("user,item,rating,item_title\nu,i,4,x\nv,i,3,y\n", {}, ONE),
    ],
)
def test_columns_are_given_by_name_or_by_place(
    content: str, columns: dict[str, Any], expected: Rows, tmp_path: Path
) -> None:
    assert rows(read(tmp_path, content, columns=columns)) == expected


@pytest.mark.parametrize(
    ("content", "columns", "error", "complaint"),
    [
        (
            "a,b,c\nu,i,4\n",
            {},
            ColumnError,
            "no column that is known for user, item, rating; its columns are a, b, c. "
            "Name it: --data.columns.user NAME.",
        ),
        (
            "user,item\nu,i\n",
            {},
            ColumnError,
            "no column that is known for rating; its columns are user, item. Name it: --data.columns.rating NAME.",
        ),
        (
            "user,item,rating,Rating\nu,i,4,4\n",
            {},
            ColumnError,
            "several columns for rating: rating, Rating. Say which",
        ),
        (
            "user,item,rating\nu,i,4\n",
            {"user": "uid"},
            ColumnError,
            "has no column 'uid' for --data.columns.user; it has user, item, rating.",
        ),
        ("user,item,rating\nu,i,4\n", {"time": "when"}, ColumnError, "has no column 'when' for --data.columns.time"),
        ("user,item,rating\nu,i,4\n", {"user": "item"}, ColumnError, "no column that is known for item"),
        ("user,item,rating\nu,i,4\n", {"user": "user", "item": "user"}, ColumnError, "a column has one role, but"),
        (
            "user,item,rating\nu,i,4\n",
            {"film": "item"},
            ColumnError,
            "columns are named for user, item, rating, time, not for 'film'",
        ),
        (
            "u,i,4\n",
            {"user": "5"},
            ColumnError,
            "has no line of names; --data.columns.user is a place from 1 to 3, not '5'",
        ),
        ("u,i,4\n", {"user": "who"}, ColumnError, "is a place from 1 to 3, not 'who'"),
        ("u,i,4\n", {"user": "2", "item": "2"}, ColumnError, "a column has one role"),
        (
            "u,4\n",
            {},
            ColumnError,
            "has 2 columns and no line of names; needed are user, item, rating, in this order. rating is missing",
        ),
        ("4\n5\n", {}, UnknownFormatError, "nothing separates columns in '4'"),
    ],
)
def test_columns_that_are_not_clear_are_refused(
    content: str, columns: dict[str, str], error: type[DataError], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as raised:
        read(tmp_path, content, columns=columns)
    assert complaint in str(raised.value)
    assert "film" in complaint or str(tmp_path / "plays.csv") in str(raised.value)
