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
_FURTHEST = (1 << 63) - 1024  # the largest float that is a whole number of 64 bits; no time in any unit
_CENTURY = 5_000_000_000  # the year 2128 in seconds, and February 1970 in milliseconds: a largest time is in between
# Text is a time of one of these kinds; only nanoseconds take nine digits of a second, but no year beyond 2262.
_WRITTEN = (
    pa.timestamp("us"),
    pa.timestamp("us", "UTC"),
    pa.timestamp("ns"),
    pa.timestamp("ns", "UTC"),
    pa.int64(),
    pa.float64(),
)
_INSTEAD = "Correct it, or leave times out: --data.columns.time ''."


@dataclass
class Unit:
    """The unit of the numbers of a source: that which its first ones are found to be in."""

    per_second: int | None = None
    """How many make a second; None before there were numbers."""

    def seconds(self, numbers: npt.NDArray[np.int64], largest: int | None = None) -> npt.NDArray[np.int64]:
        """Numbers (n,) as seconds, rounded down; the first ones, or the largest that is known of, show the unit."""
        if self.per_second is None:
            most = int(numbers.max()) if largest is None else largest
            name, self.per_second = next((each for each in _UNITS if most <= _CENTURY * each[1]), _UNITS[0])
            if self.per_second > 1:
                logger.info("times are in %s", name)
        return numbers if self.per_second == 1 else numbers // self.per_second


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
    times, are_numbers = whole_times(column, where)
    if are_numbers:
        times = (unit or Unit()).seconds(times)
    require_usual_years(times, where, column)
    return times


def whole_times(column: pa.ChunkedArray, where: Where) -> tuple[npt.NDArray[np.int64], bool]:
    """Times as whole numbers, rounded down, (n,), and whether they are numbers of some unit; else they are seconds.

    Raises:
        MalformedRowError: a time is missing, or is none.
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
        return np.ascontiguousarray(times, np.int64), False
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _floored(column, where), True
    raise MalformedRowError(f"{where(0)}: the time {column[0]} is of type {kind}, which is none. {_INSTEAD}")


def require_usual_years(times: npt.NDArray[np.int64], where: Where, column: Any) -> None:
    """Check times (n,) in seconds, of which a message shows what the column (n,) has.

    Raises:
        MalformedRowError: one lies outside the years 1970 to 9999.
    """
    if times.min() < 0 or times.max() > _LATEST:
        row = int(np.argmax((times < 0) | (times > _LATEST)))
        raise MalformedRowError(f"{where(row)}: the time {column[row]} is not of the years 1970 to 9999. {_INSTEAD}")


def written_otherwise(where: str, value: Any, before: str = "those") -> MalformedRowError:
    """What to say of a time that is written in another way than those before it."""
    return MalformedRowError(
        f"{where}: the time {value!r:.60} is written in another way than {before:.60} before. "
        f"Write all in one way. {_INSTEAD}"
    )


def _is_ns(kind: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(kind) and kind.unit == "ns")


def _from_text(column: pa.ChunkedArray, where: Where) -> pa.ChunkedArray:
    """Text as times, or as numbers if all of it is numbers."""
    for target in _WRITTEN:
        try:
            column[:1].cast(target)  # a cast that fails goes on to the last row
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
    raise written_otherwise(where(row), value.as_py(), repr(before.as_py()))


def _floored(column: pa.ChunkedArray, where: Where) -> npt.NDArray[np.int64]:
    """Numbers as whole ones, rounded down; what does not fit 64 bits as the furthest that does, which is refused."""
    if pa.types.is_integer(column.type):
        whole: npt.NDArray[Any] = column.to_numpy()
        return (
            whole.clip(max=_FURTHEST).astype(np.int64, copy=False)
            if whole.dtype == np.uint64
            else whole.astype(np.int64, copy=False)
        )
    numbers: npt.NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
    if not (finite := np.isfinite(numbers)).all():
        raise MalformedRowError(f"{where(int(np.argmin(finite)))}: the time is not a finite number. {_INSTEAD}")
    return np.floor(numbers).clip(-1, _FURTHEST).astype(np.int64)
