"""Times in every unit and form, in whole seconds; and what is no time."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from data.errors import MalformedRowError
from data.tables import read_ratings
from tests.data.tables.rows import read

DAY = 86_400
NOON = 1_717_156_800  # 2024-05-31 12:00 UTC
MENDED = "Correct it, or leave times out: --data.columns.time ''."


def times_of(written: list[Any], folder: Path) -> list[int]:
    lines = [f"{row},1,{row},{time}\n" for row, time in enumerate(written, start=1)]
    times = read(folder, "user,item,rating,time\n" + "".join(lines), scale="0,3").timestamps
    assert times is not None
    assert times.dtype == np.int64
    found: list[int] = times.tolist()
    return found


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["0", str(NOON)], [0, NOON]),
        ([f"{NOON}000", f"{NOON}999"], [NOON, NOON]),
        ([f"{NOON}000001"], [NOON]),
        ([f"{NOON}000000001"], [NOON]),
        ([f"{NOON}.75", "1.5"], [NOON, 1]),
        (["1.0e9", "2"], [10**9, 2]),
        ([str(NOON), "2.5"], [NOON, 2]),
        (["1970-01-02", "2024-05-31"], [DAY, NOON - DAY // 2]),
        (["2024-05-31 12:00", "1970-01-01 00:00"], [NOON, 0]),
        (["2024-05-31 12:00:00"], [NOON]),
        (["2024-05-31T12:00:00Z", "1970-01-01T00:00:00Z"], [NOON, 0]),
        (["2024-05-31T14:00:00+02:00", "2024-05-31T12:00:00+00:00"], [NOON, NOON]),
        (["2024-05-31 12:00:00.9", "2024-05-31 12:00:00.123456"], [NOON, NOON]),
        (["2024-05-31T12:00:00.123456789"], [NOON]),
        (["2024-05-31", "2024-05-31 12:00:00"], [NOON - DAY // 2, NOON]),
        (["2024-05-31 12:00:00", "2024-05-31 12:00:00.5"], [NOON, NOON]),
        (["9999-12-31"], [253_402_214_400]),
        (['"2024-05-31"', "2024-05-31 12:00:00"], [NOON - DAY // 2, NOON]),
    ],
    ids=str,
)
def test_written_times_are_seconds(written: list[str], expected: list[int], tmp_path: Path) -> None:
    assert times_of(written, tmp_path) == expected


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (["100", ""], "line 3: the time is missing"),
        (["100", "-1"], "line 3: the time -1 is not of the years 1970 to 9999"),
        (["1969-12-31"], "line 2: the time 1969-12-31 00:00:00 is not of the years 1970 to 9999"),
        (["10000-01-01"], "line 2: the time '10000-01-01' is neither a number nor a date of ISO 8601"),
        (["100", "noon"], "line 3: the time 'noon' is neither a number nor a date"),
        (["31/05/2024"], "line 2: the time '31/05/2024' is neither a number nor a date"),
        (["100", "2024-05-31"], "line 3: the time '2024-05-31' is written in another way than '100' before"),
        (["2024-05-31", "100"], "line 3: the time '100' is written in another way than '2024-05-31' before"),
        (["100.5", "nan"], "line 3: the time"),
        (["100.5", "1e300"], "line 3: the time"),
        (["99999999999999999999"], "line 2: the time"),
        (["12:30:00"], "line 2: the time '12:30:00' is neither a number nor a date"),
        (["true"], "line 2: the time 'true' is neither a number nor a date"),
    ],
    ids=str,
)
def test_what_is_no_time_is_refused_and_can_be_left_out(written: list[str], complaint: str, tmp_path: Path) -> None:
    with pytest.raises(MalformedRowError) as raised:
        times_of(written, tmp_path)
    assert complaint in str(raised.value)
    assert str(raised.value).endswith(MENDED)
    assert read_ratings(tmp_path / "plays.csv", columns={"time": ""}, scale="0,3").timestamps is None


@pytest.mark.parametrize(
    "column",
    [
        pa.array([0, NOON * 10**9 + 1], pa.timestamp("ns")),
        pa.array([0, NOON * 1000 + 1], pa.timestamp("ms", "Europe/Paris")),
        pa.array([0, NOON], pa.timestamp("s")),
        pa.array([0, NOON], pa.uint64()),
        pa.array([0, NOON], pa.int32()),
        pa.array([0, NOON + 0.5]),
        pd.Series(pd.to_datetime([0, NOON], unit="s")),
        pd.Series(pd.to_datetime([0, NOON], unit="s", utc=True)),
        pa.array(["1970-01-01", "2024-05-31 12:00:00"]),
        pa.array(["1970-01-01", "2024-05-31 12:00:00"]).dictionary_encode(),
    ],
    ids=lambda column: str(getattr(column, "type", getattr(column, "dtype", None))),
)
def test_typed_times_are_seconds(column: Any) -> None:
    kind = pd.DataFrame if isinstance(column, pd.Series) else pa.table
    times = read_ratings(kind({"user": [1, 2], "item": [1, 1], "rating": [1, 2], "time": column})).timestamps
    assert times is not None
    assert times.tolist() == [0, NOON]


def test_dates_are_days() -> None:
    table = {"user": [1, 2], "item": [1, 1], "rating": [1, 2], "time": pa.array([0, 1], pa.date32())}
    times = read_ratings(pa.table(table)).timestamps
    assert times is not None
    assert times.tolist() == [0, DAY]


def test_the_unit_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "data"):
        times_of([f"{NOON}000"], tmp_path)
    assert "times are in milliseconds" in caplog.text


def test_typed_times_that_are_missing_or_durations_are_refused() -> None:
    for column, complaint in (
        (pa.array([0, None], pa.timestamp("s")), "row 2: the time is missing"),
        (pa.array([0, 1], pa.duration("s")), "row 1: the time .* is of type duration"),
    ):
        with pytest.raises(MalformedRowError, match=complaint):
            read_ratings(pa.table({"user": [1, 2], "item": [1, 1], "rating": [1, 2], "time": column}))
