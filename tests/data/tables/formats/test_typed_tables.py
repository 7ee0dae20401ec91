"""Parquet, Feather, JSON lines, and tables in memory: types are kept, and odd ones refused."""

from __future__ import annotations

import datetime
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest

from data.errors import (
    ColumnError,
    DataError,
    EmptyFileError,
    EncodingError,
    InvalidIdError,
    MalformedRowError,
    OptionError,
    UnknownFormatError,
)
from data.tables import read_ratings
from tests.data.tables.rows import Rows, read, rows

PLAYS = {"user": ["a", "b"], "item": [10, 20], "rating": [4.0, 3.5], "time": [100, 200]}
REVERSED = ("time", "other", "rating", "item", "user")
EXPECTED: Rows = [("a", 10, 4.0, 100), ("b", 20, 3.5, 200)]


def feather(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pa.feather.write_feather(table, sink, **options)
    return sink.getvalue()


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pa.parquet.write_table(table, sink)
    return sink.getvalue()


def lines(*objects: Any) -> bytes:
    return b"".join(json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in objects)


@pytest.mark.parametrize("name", ["plays.parquet", "plays.pq", "plays.csv"])
def test_parquet_is_read_whatever_it_is_called(name: str, tmp_path: Path) -> None:
    assert rows(read(tmp_path, parquet(pa.table(PLAYS)), name)) == EXPECTED


@pytest.mark.parametrize("options", [{}, {"compression": "zstd"}, {"compression": "uncompressed"}, {"chunksize": 1}])
def test_feather_is_read(options: dict[str, Any], tmp_path: Path) -> None:
    assert rows(read(tmp_path, feather(pa.table(PLAYS), **options), "plays.feather")) == EXPECTED


@pytest.mark.filterwarnings("ignore:Feather V1")
def test_feather_of_the_first_version_is_read(tmp_path: Path) -> None:
    assert rows(read(tmp_path, feather(pa.table(PLAYS), version=1), "plays.feather")) == EXPECTED


def test_columns_of_feather_are_told_by_their_names_in_any_order(tmp_path: Path) -> None:
    table = pa.table({name: (PLAYS | {"other": ["x", "y"]})[name] for name in REVERSED})
    assert rows(read(tmp_path, feather(table), "plays.feather")) == EXPECTED


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_a_table_without_rows_is_refused(kind: str, tmp_path: Path) -> None:
    empty = {"parquet": parquet, "feather": feather}[kind](pa.table(PLAYS).slice(0, 0))
    with pytest.raises(EmptyFileError, match=rf"plays\.{kind} has no rows"):
        read(tmp_path, empty, f"plays.{kind}")


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_half_a_file_is_refused(kind: str, tmp_path: Path) -> None:
    table = pa.table({"user": range(999), "item": [1] * 999, "rating": [2] * 999})
    whole = {"parquet": parquet, "feather": feather}[kind](table)
    with pytest.raises(UnknownFormatError, match=f"is no sound {kind.title()} file.*Get the file again"):
        read(tmp_path, whole[: len(whole) // 2], f"plays.{kind}")


JSON_READ: dict[str, tuple[bytes, Rows]] = {
    "objects": (pa.table(PLAYS).to_pandas().to_json(orient="records", lines=True).encode(), EXPECTED),
    "blank lines": (
        b'\n{"user": "a", "item": 10, "rating": 4}\n\n{"user": "b", "item": 20, "rating": 3}\n\n',
        [("a", 10, 4.0), ("b", 20, 3.0)],
    ),
    "fractions after whole numbers": (
        lines(*({"user": 1, "item": n, "rating": n / 2} for n in (2, 3, 4))),
        [(1, 2, 1.0), (1, 3, 1.5), (1, 4, 2.0)],
    ),
    "ids that look like dates": (
        lines(*({"user": f"2020-01-0{n}", "item": 1, "rating": n} for n in (1, 2))),
        [("2020-01-01", 1, 1.0), ("2020-01-02", 1, 2.0)],
    ),
    "nested columns beside": (
        lines(*({"user": 1, "item": n, "rating": n, "meta": {"a": [n]}} for n in (1, 2))),
        [(1, 1, 1.0), (1, 2, 2.0)],
    ),
    "columns that come later": (
        lines({"user": 1, "item": 1, "rating": 1}, {"user": 1, "item": 2, "rating": 2, "note": "x"}),
        [(1, 1, 1.0), (1, 2, 2.0)],
    ),
    "times of ISO 8601": (
        lines(
            {"user": 1, "item": 1, "rating": 1, "time": "1970-01-02"},
            {"user": 1, "item": 2, "rating": 2, "time": "1970-01-01T00:00:01.5"},
        ),
        [(1, 1, 1.0, 86400), (1, 2, 2.0, 1)],
    ),
}
FIRST = {"user": 1, "item": 1, "rating": 1}
JSON_REFUSED: dict[str, tuple[bytes, type[DataError], tuple[str, ...]]] = {
    "ids of mixed types": (
        lines(FIRST, {"user": "x", "item": 1, "rating": 2}),
        MalformedRowError,
        ('line 2: user is text, "x", where a number is expected. Write it in one way',),
    ),
    "an id that is an object": (
        lines({"user": {"id": 1}, "item": 1, "rating": 1}),
        MalformedRowError,
        ("line 1: the user id", "neither text nor a number. Convert the column"),
    ),
    "an id beyond 63 bits": (
        lines(FIRST, {"user": 1 << 63, "item": 1, "rating": 2}),
        MalformedRowError,
        ("line 2: user is a number of over 63 bits, 9223372036854775808",),
    ),
    "a missing id": (lines(FIRST, {"item": 1, "rating": 2}), MalformedRowError, ("line 2: the user id is missing",)),
    "a null rating": (
        b"\n" + lines(FIRST, {"user": 2, "item": 1, "rating": None}),
        MalformedRowError,
        ("line 3: the rating is missing",),
    ),
    "ratings in quotes among numbers": (
        lines(FIRST, {"user": 2, "item": 1, "rating": "3"}),
        MalformedRowError,
        ('line 2: rating is text, "3", where a number is expected',),
    ),
    "a true rating": (
        lines({"user": 2, "item": 1, "rating": True}),
        MalformedRowError,
        ("line 1: the rating", "bool", "Convert the column to numbers"),
    ),
    "no JSON": (b'{"user": 1, "item": 1, "rating": 1}\n{"user": 1,\n', MalformedRowError, ("line 2 is no JSON",)),
    "another value than an object": (
        lines(FIRST) + b"[1]\n",
        MalformedRowError,
        ("line 2 is list instead of an object",),
    ),
    "an array": (b'[{"user": 1, "item": 1, "rating": 1}]', UnknownFormatError, ("one JSON array", "lines=True")),
    "Latin-1": (
        lines(FIRST) + '{"user": "é", "item": 1, "rating": 1}\n'.encode("latin-1"),
        EncodingError,
        ("line 2 is no UTF-8 text",),
    ),
    "unknown columns": (lines({"a": 1, "b": 2}), ColumnError, ("its columns are a, b", "--data.columns.user NAME")),
}


@pytest.mark.parametrize("name", JSON_READ)
def test_json_lines_are_read(name: str, tmp_path: Path) -> None:
    content, expected = JSON_READ[name]
    assert rows(read(tmp_path, content, "plays.jsonl")) == expected


@pytest.mark.parametrize("name", JSON_REFUSED)
def test_json_lines_are_refused(name: str, tmp_path: Path) -> None:
    content, error, complaints = JSON_REFUSED[name]
    with pytest.raises(error) as raised:
        read(tmp_path, content, "plays.jsonl")
    for complaint in ("plays.jsonl", *complaints):
        assert complaint in str(raised.value)


def test_tables_in_memory_are_read() -> None:
    for table in (PLAYS, pa.table(PLAYS), pd.DataFrame(PLAYS), pd.DataFrame(PLAYS).set_index("user")):
        assert rows(read_ratings(table)) == EXPECTED


def test_tables_of_polars_are_read() -> None:
    polars = pytest.importorskip("polars")
    assert rows(read_ratings(polars.DataFrame(PLAYS))) == EXPECTED
    assert rows(read_ratings(polars.DataFrame(PLAYS, schema_overrides={"user": polars.Categorical}))) == EXPECTED


def test_categories_that_no_row_has_are_no_ids() -> None:
    frame = pd.DataFrame(PLAYS).assign(user=pd.Categorical(["a", "b"], ["z", "b", "a"]))
    ratings = read_ratings(frame)
    assert (rows(ratings), ratings.user_ids.tolist()) == (EXPECTED, ["a", "b"])
    twice = pa.DictionaryArray.from_arrays(pa.array([0, 1]), pa.array(["a", "a"]))
    assert read_ratings(pa.table({**PLAYS, "user": twice})).user_ids.tolist() == ["a"]


@pytest.mark.parametrize(
    ("changes", "error", "complaint"),
    [
        (
            {"user": [1.0, 2.0]},
            InvalidIdError,
            "row 1: the user id 1.0 is of type double. Ids are text or whole numbers",
        ),
        ({"user": ["a", None]}, MalformedRowError, "row 2: the user id is missing"),
        ({"user": [b"a", b"b"]}, InvalidIdError, "is of type binary"),
        ({"user": [1, "a"]}, MalformedRowError, "row 2: the column user has 'a' there, of type str, and 1 of type int"),
        ({"user": ["a", "\ud83e"]}, MalformedRowError, "the column user"),
        ({"rating": ["4", "x"]}, MalformedRowError, "row 2: the rating 'x' is not a number"),
        ({"rating": [4.0, float("nan")]}, MalformedRowError, "row 2: the rating is missing"),
        ({"rating": [4.0, float("inf")]}, MalformedRowError, "row 2: the rating inf is not a finite number"),
        ({"rating": [4.0, 1e39]}, MalformedRowError, "row 2: the rating 1e+39 is not a finite number"),
        ({"rating": [True, False]}, MalformedRowError, "is of type bool"),
        ({"time": [1, None]}, MalformedRowError, "row 2: the time is missing"),
    ],
)
def test_odd_columns_of_pandas_are_refused(changes: dict[str, Any], error: type[DataError], complaint: str) -> None:
    frame = pd.DataFrame(
        {
            name: pd.Series(values, dtype=object if name == "user" else None)
            for name, values in (PLAYS | changes).items()
        }
    )
    with pytest.raises(error) as raised:
        read_ratings(frame)
    assert str(raised.value).startswith("the DataFrame")
    assert complaint in str(raised.value)


def test_numbers_of_every_width_are_ratings_and_ids() -> None:
    for kind in (pa.int8(), pa.uint16(), pa.int32(), pa.uint64()):
        table = pa.table({"user": pa.array([1, 2], kind), "item": [10, 20], "rating": pa.array([4, 3], kind)})
        assert rows(read_ratings(table)) == [(1, 10, 4.0), (2, 20, 3.0)]
    decimals = pa.array([Decimal("4.5"), Decimal("3.1")])
    assert read_ratings(pa.table(PLAYS | {"rating": decimals})).values.tolist() == pytest.approx([4.5, 3.1])


@pytest.mark.parametrize("other", [3, ["a"], None, datetime.date(2020, 1, 1)])
def test_what_is_no_table_is_refused(other: object) -> None:
    with pytest.raises(OptionError, match="a table is a path, one of pandas, polars or Arrow, or a dict of columns"):
        read_ratings(other)
