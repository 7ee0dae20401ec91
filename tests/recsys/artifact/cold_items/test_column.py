"""Which values a column takes of a new item, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys.artifact.cold_items.code import Code
from recsys.artifact.cold_items.column import Column, FeatureError
from recsys.artifact.cold_items.items import bytes_of, columns_in

GENRES = Column("genres", "lists", Code(4, ("Comedy", "Drama"), rare=2, missing=3))
MAKER = Column("maker", "categories", Code(3, ("7.0", "True", "Oslo")))
YEAR = Column("year", "numbers", Code(3, begins=(1990.0, 1995.0), missing=1))
DAY = Column("day", "dates", Code(2, begins=(86400.0,)))
HALF = 0.5**0.5


@pytest.mark.parametrize(
    ("column", "value", "features", "unknown"),
    [
        (GENRES, ["Drama"], {1: 1}, ()),
        (GENRES, ("Drama ", "Comedy", "Drama"), {0: HALF, 1: HALF}, ()),
        (GENRES, ["Drama", "Bollywood", "Wuxia"], {1: HALF, 2: HALF}, ("Bollywood", "Wuxia")),
        (GENRES, [], {}, ()),
        (GENRES, None, {3: 1}, ()),
        (MAKER, "Oslo", {2: 1}, ()),
        (MAKER, 7, {0: 1}, ()),
        (MAKER, 7.0, {0: 1}, ()),
        (MAKER, True, {1: 1}, ()),
        (MAKER, 10**400, {}, (str(10**400),)),
        (MAKER, "Kyiv", {}, ("Kyiv",)),  # no rare values had a feature
        (MAKER, " ", {}, ()),
        (YEAR, 1989, {0: 1}, ()),
        (YEAR, 1990.0, {1: 1}, ()),
        (YEAR, np.int64(2050), {2: 1}, ()),
        (YEAR, float("nan"), {1: 1}, ()),
        (DAY, "1970-01-02", {1: 1}, ()),
        (DAY, "1970-01-02T01:00:00+02:00", {0: 1}, ()),
        (DAY, -5, {0: 1}, ()),
        (DAY, None, {}, ()),
    ],
)
def test_a_value_has_the_features_that_it_had_in_training(
    column: Column, value: Any, features: dict[int, float], unknown: tuple[str, ...]
) -> None:
    found = column.encode(value)
    assert found.features == pytest.approx(features)
    assert found.unknown == unknown


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (GENRES, "Drama"), (GENRES, 5), (GENRES, [["Drama"]]), (GENRES, ["\ud800"]), (GENRES, {"Drama": 1}),
        (MAKER, ["Oslo"]), (MAKER, {}), (MAKER, "\udfff"),
        (YEAR, "1990"), (YEAR, True), (YEAR, float("inf")), (YEAR, 10**400), (YEAR, []),
        (DAY, "soon"), (DAY, [1]), (DAY, False),
    ],
)  # fmt: skip
def test_a_value_of_another_kind_is_refused_by_the_name_of_the_column(column: Column, value: Any) -> None:
    with pytest.raises(FeatureError, match=f"^{column.name}: .* is needed, not "):
        column.encode(value)


def test_columns_are_read_as_they_were_written() -> None:
    columns = (GENRES, MAKER, YEAR, DAY)
    assert columns_in(bytes_of(columns)) == columns


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"width": 2}, "places beyond its 2 features"),
        ({"missing": -1}, "places beyond"),
        ({"names": ["a", "a"]}, "a name twice"),
        ({"begins": [2, 1]}, "ascending"),
        ({"begins": [float("inf")]}, "ascending"),
        ({"kind": "colours"}, "a column of new items is"),
        ({"names": [1]}, "a column of new items is"),
        ({"rare": True}, "rare of a column of new items is True"),
        ({"width": "4"}, "width of a column"),
        ({"more": 1}, "a column of new items has name, kind"),
    ],
)
def test_a_column_that_cannot_be_is_refused(change: dict[str, Any], words: str) -> None:
    content = json.dumps([GENRES.to_json() | change]).encode()
    with pytest.raises(ValueError, match=words):
        columns_in(np.frombuffer(content, np.uint8))


@pytest.mark.parametrize("content", [b"{}", b"[]", b"[1]", b"\xff", b"[" * 100_000])
def test_what_are_no_columns_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        columns_in(np.frombuffer(content, np.uint8))


def test_a_code_is_checked_in_each_of_its_parts() -> None:
    replace(GENRES.code, names=("a", "b")).check()
    with pytest.raises(ValueError, match="beyond"):
        replace(YEAR.code, width=1).check()
