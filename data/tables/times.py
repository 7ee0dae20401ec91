"""Times as tables have them: seconds, milliseconds and finer, whole or not, dates and ISO 8601 text."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import MalformedRowError
from data.tables.casts import first_unfit
from data.tables.coded import Where

logger = logging.getLogger("data")

_LATEST = 253_402_300_799  # the end of the year 9999, in seconds
_UNITS = (("seconds", 1), ("milliseconds", 10**3), ("microseconds", 10**6), ("nanoseconds", 10**9))
_CENTURY = 5_000_000_000  # the year 2128 in seconds, and February 1970 in milliseconds: a largest time is in between
# Text is a time of one of these kinds; only nanoseconds take nine digits of a second, but no year beyond 2262.
_WRITTEN = (pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("ns"), pa.timestamp("ns", "UTC"), pa.float64())
_INSTEAD = "Correct it, or leave times out: --data.columns.time ''."


@dataclass
class Unit:
    """The unit of the numbers of a source: that which its first ones are found to be in."""

    per_second: int | None = None
    """How many make a second; None before there were numbers."""


def seconds(column: pa.ChunkedArray, where: Where, unit: Unit | None = None) -> npt.NDArray[np.int64]:
    """Times in whole seconds since 1970, UTC, rounded down, (n,).

    Numbers are in the unit in which the largest one is a time of the years up to 2128. Text without a zone is in UTC.

    Args:
        column: numbers, dates, times or text.
        where: says where a row stands, for messages.
        unit: of the numbers, if there were some before; it learns that of the first ones.

    Raises:
        MalformedRowError: a time is missing, is none, or lies outside the years 1970 to 9999.
    """
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise MalformedRowError(f"{where(row)}: the time is missing. {_INSTEAD}")
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        column = _from_text(column.cast(pa.string()), where)
        kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        found = pc.floor_temporal(column.cast(pa.timestamp("ns" if _is_ns(kind) else "us")), unit="second")
        times = found.cast(pa.timestamp("s")).cast(pa.int64()).to_numpy()
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        times = _from_numbers(column, where, unit or Unit())
    else:
        raise MalformedRowError(f"{where(0)}: the time {column[0]} is of type {kind}, which is none. {_INSTEAD}")
    if times.min() < 0 or times.max() > _LATEST:
        row = int(np.argmax((times < 0) | (times > _LATEST)))
        raise MalformedRowError(f"{where(row)}: the time {column[row]} is not of the years 1970 to 9999. {_INSTEAD}")
    return np.ascontiguousarray(times, np.int64)


def _is_ns(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.unit == "ns")


def _from_text(column: pa.ChunkedArray, where: Where) -> pa.ChunkedArray:
    """Text as times, or as numbers if all of it is numbers."""
    for target in _WRITTEN:
        try:
            return column.cast(target)
        except pa.ArrowInvalid:
            continue
    row = max(first_unfit(column, target) or 0 for target in _WRITTEN)  # of that in which the most rows are written
    value, before = column[row], column[max(row - 1, 0)]
    if all(first_unfit(pa.array([value]), target) is not None for target in _WRITTEN):
        raise MalformedRowError(
            f"{where(row)}: the time {value.as_py()!r:.60} is neither a number nor a date of ISO 8601 such as "
            f"2024-05-31 or 2024-05-31T18:30:00Z. {_INSTEAD}"
        )
    raise MalformedRowError(
        f"{where(row)}: the time {value.as_py()!r:.60} is written in another way than {before.as_py()!r:.60} before. "
        f"Write all in one way. {_INSTEAD}"
    )


def _from_numbers(column: pa.ChunkedArray, where: Where, unit: Unit) -> npt.NDArray[np.int64]:
    numbers: npt.NDArray[Any] = (
        column.to_numpy() if pa.types.is_integer(column.type) else column.cast(pa.float64()).to_numpy()
    )
    if numbers.dtype.kind == "f" and not (finite := np.isfinite(numbers)).all():
        raise MalformedRowError(f"{where(int(np.argmin(finite)))}: the time is not a finite number. {_INSTEAD}")
    if unit.per_second is None:
        largest = numbers.max()
        name, unit.per_second = next((each for each in _UNITS if largest <= _CENTURY * each[1]), _UNITS[0])
        if unit.per_second > 1:
            logger.info("times are in %s", name)
    if unit.per_second == 1 and numbers.dtype == np.int64:
        return numbers
    floored = np.floor_divide(numbers, unit.per_second)
    if numbers.dtype.kind == "f":
        floored = floored.clip(-1, _LATEST + 1)  # what is further off is refused, and may not fit 64 bits
    found: npt.NDArray[np.int64] = floored.astype(np.int64)
    return found
