"""Ids: whole numbers or text, as they are written, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from data.errors import DataError, InvalidIdError
from data.tables import read_ratings
from tests.data.tables.rows import read, rows

LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["1", "7", str(LARGEST)], [1, 7, LARGEST]),
        ([str(-(2**63)), "-1", "0"], [-(2**63), -1, 0]),
        (["1", str(LARGEST + 1)], ["1", str(LARGEST + 1)]),
        (["007", "1", "7"], ["007", "1", "7"]),
        (["1", "1.0"], ["1", "1.0"]),
        (["+1", "1"], ["+1", "1"]),
        (["-0", "0"], ["-0", "0"]),
        (["1e3", "2"], ["1e3", "2"]),
        (["A7", "7"], ["A7", "7"]),
        (["NaN", "inf", "null"], ["NaN", "inf", "null"]),
        (["true", "false"], ["true", "false"]),
        (["2024-05-31", "2024-06-01"], ["2024-05-31", "2024-06-01"]),
        (["", "a"], ["", "a"]),
        ([" 1", "1", "1 "], [" 1", "1", "1 "]),
        (["\u00e9", "e\u0301", "\u00c9"], ["\u00e9", "e\u0301", "\u00c9"]),
        (["🦊", "日本", "\U0010ffff"], ["🦊", "日本", "\U0010ffff"]),
        (["a\tb", "a\u2028b", "a\x85b", "\ufeffa"], ["a\tb", "a\u2028b", "a\x85b", "\ufeffa"]),
        (["x" * 1_000_000, "x"], ["x" * 1_000_000, "x"]),
    ],
    ids=lambda each: repr(each)[:30],
)
def test_ids_of_a_text_are_numbers_if_all_are_written_as_numbers_are(
    written: list[str], expected: list[int] | list[str], tmp_path: Path
) -> None:
    lines = [f'"{user}",10,{row % 3 + 1}\n' for row, user in enumerate(written)]
    ratings = read(tmp_path, "user,item,rating\n" + "".join(lines))
    assert [row[0] for row in rows(ratings)] == expected


def test_ids_are_in_order_whatever_order_rows_have(tmp_path: Path) -> None:
    ratings = read(tmp_path, "user,item,rating\n10,b,1\n9,a,2\n-3,ä,3\n9,b,4\n")
    assert (ratings.user_ids.tolist(), ratings.users.tolist()) == ([-3, 9, 10], [2, 1, 0, 1])
    assert (ratings.item_ids.tolist(), ratings.items.tolist()) == (["a", "b", "ä"], [1, 0, 2, 1])
    assert [str(array.dtype) for array in (ratings.users, ratings.items, ratings.values)] == [
        "int64",
        "int64",
        "float32",
    ]


def test_words_of_a_typed_table_stay_words() -> None:
    assert read_ratings(pa.table({"user": ["1", "2"], "item": [1, 1], "rating": [1, 2]})).user_ids.tolist() == [
        "1",
        "2",
    ]


@pytest.mark.parametrize(
    ("users", "complaint"),
    [
        (pa.array([1, 2**63], pa.uint64()), "row 2: the user id 9223372036854775808 is more than 2^63 − 1"),
        (pa.array([1.0, 2.0]), "row 1: the user id 1.0 is of type double"),
        (pa.array([True, False]), "row 1: the user id True is of type bool"),
        (pa.array([b"a", b"b"]), "is of type binary. Ids are text or whole numbers: convert the column"),
        (pa.array(pd.to_datetime(["2020-01-01", "2020-01-02"])), "is of type timestamp"),
        (pa.array([[1], [2]]), "neither text nor a number"),
    ],
    ids=str,
)
def test_ids_of_other_types_are_refused(users: pa.Array, complaint: str) -> None:
    with pytest.raises(DataError) as raised:
        read_ratings(pa.table({"user": users, "item": [1, 1], "rating": [1, 2]}))
    assert complaint in str(raised.value)


def test_the_largest_id_of_a_typed_table_is_read() -> None:
    ratings = read_ratings(pa.table({"user": pa.array([1, LARGEST], pa.uint64()), "item": [1, 1], "rating": [1, 2]}))
    assert ratings.user_ids.tolist() == [1, LARGEST]
    with pytest.raises(InvalidIdError, match="Write ids as text"):
        read_ratings(pa.table({"item": pa.array([1, 2**64 - 1], pa.uint64()), "user": [1, 1], "rating": [1, 2]}))


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8, np.uint64])
@pytest.mark.parametrize("shift", [0, 1, 90])
def test_whole_numbers_below_how_many_there_are_have_the_indices_of_others(kind: type[Any], shift: int) -> None:
    ids = np.random.default_rng(0).choice([0, 2, 3, 7, 11], 100).astype(kind)
    chunks = pa.chunked_array([ids[:40] + kind(shift), ids[40:] + kind(shift)])
    ratings = read_ratings(pa.table({"user": chunks, "item": pa.array(np.arange(100)), "rating": [1.0, 2.0] * 50}))
    expected, indices = np.unique(ids, return_inverse=True)
    np.testing.assert_array_equal(ratings.users, indices)
    np.testing.assert_array_equal(ratings.user_ids, expected.astype(np.int64) + shift)
    assert isinstance(ratings.user_ids, np.ndarray)
    assert ratings.users.dtype == ratings.user_ids.dtype == np.int64
