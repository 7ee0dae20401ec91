"""Tables of items and users: any columns by id, and what is recognised for the page."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from data.errors import (
    ColumnError,
    DataError,
    DuplicateIdError,
    MalformedRowError,
    UnknownFormatError,
    UnlistedIdError,
)
from data.tables import read_ratings

PLAYS = {"user": ["a", "b"], "item": [10, 20], "rating": [4, 3]}
WORDS = {"user": ["a", "b"], "item": ["x", "007"], "rating": [4, 3]}


def items(content: str | bytes, folder: Path, ratings: Any = PLAYS) -> pd.DataFrame:
    file = folder / "films.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_ratings(ratings, items=file).item_table


def test_titles_years_and_genres_are_recognised(tmp_path: Path) -> None:
    table = items(
        'movieId,title,genres\n20,Heat (1995),Crime|Action\n10,"Up, up (2009)",(no genres listed)\n', tmp_path
    )
    assert table.index.tolist() == [10, 20]
    assert table["title"].tolist() == ["Up, up", "Heat"]
    assert table["year"].tolist() == [2009, 1995]
    assert table["genres"].tolist() == [(), ("Action", "Crime")]


def test_any_columns_are_kept_by_id_and_rows_of_others_left_aside(tmp_path: Path) -> None:
    table = items("id;name;price;first\n99;Other;1;x\n10;NA;2.5;2020-01-01\n20;;;2020-01-02\n", tmp_path)
    assert table.columns.tolist() == ["title", "price", "first"]
    assert table["title"].tolist() == ["NA", None]
    assert table["price"].tolist()[0] == 2.5
    assert pd.isna(table["price"].tolist()[1])


def test_an_id_without_a_row_has_missing_values_and_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "data"):
        table = items("item,pages\n20,7\n", tmp_path)
    assert "films.csv has no row for 1 of the 2 items" in caplog.text
    assert table["pages"].tolist() == [pd.NA, 7]


def test_ids_are_matched_as_they_are_written(tmp_path: Path) -> None:
    table = items("item,title\n007,Bond\n7,Seven\nx,Ex\n", tmp_path, WORDS)
    assert table["title"].to_dict() == {"007": "Bond", "x": "Ex"}


@pytest.mark.parametrize("separator", ["\t", "::", "|", ";"])
def test_tables_are_separated_as_ratings_are(separator: str, tmp_path: Path) -> None:
    table = items("item,title,pages\n10,One,1\n20,Two,2\n".replace(",", separator), tmp_path)
    assert table["title"].tolist() == ["One", "Two"]


def test_tables_in_memory_and_users_are_taken() -> None:
    users = pd.DataFrame({"user": ["b", "a"], "age": [30, None]})
    ratings = read_ratings(PLAYS, users=users, items=pa.table({"item": [20], "genres": [["b", "a"]]}))
    assert ratings.user_table["age"].isna().tolist() == [True, False]
    assert ratings.item_table["genres"].tolist() == [(), ("a", "b")]
    indexed = users.set_index("user")
    assert read_ratings(PLAYS, users=indexed).user_table.equals(ratings.user_table)


@pytest.mark.parametrize(
    ("content", "error", "complaint"),
    [
        ("item,title\n10,a\n20,b\n10,c\n", DuplicateIdError, "films.csv, line 4: the item id 10 has a row already, "),
        (
            "item,title\n1,a\n2,b\n",
            UnlistedIdError,
            "describes none of the 2 items of the ratings: its column item has ids such as 1, the ratings such as 10",
        ),
        ("item,title\nx,a\n", MalformedRowError, "the item ids of the ratings are whole numbers, those here are not"),
        ("item,title\n10,a,b\n20,c\n", MalformedRowError, "films.csv, line 2: 3 fields instead of 2 in '10,a,b'"),
        ("10,5\n20,6\n", ColumnError, "has no line of names. Let its first line name the columns"),
        ("item,title,title\n10,a,b\n", ColumnError, "has two columns called 'title'"),
        ("item\n10\n", UnknownFormatError, "nothing separates columns"),
        ("item,title\n10,Ren\xe9\n".encode("latin-1"), DataError, "films.csv, line 2 is no UTF-8 text"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    content: str | bytes, error: type[DataError], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(error) as raised:
        items(content, tmp_path)
    assert complaint in str(raised.value)


def test_a_missing_id_is_refused() -> None:
    with pytest.raises(MalformedRowError, match="the Table, row 2: the item id is missing"):
        read_ratings(PLAYS, items=pa.table({"item": [10, None], "title": ["a", "b"]}))
