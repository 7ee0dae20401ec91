"""Tables of what is asked of a model: pairs of a user and an item, or users, whose ids are those of the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.columns import Wanted, is_usual
from data.errors import EmptyFileError, InvalidIdError
from data.ids import Ids, Known, Positions, StringIds, positions
from data.tables.coded import Coded
from data.tables.formats.dialect import IsName
from data.tables.formats.sources import open_tables
from data.tables.formats.stored_table import StoredTable
from data.tables.ratings_columns import places_of
from data.tables.times import Unit, seconds

PAIRS = Wanted(("user", "item"), (), ("user", "item"), "--columns")
TIMED_PAIRS = Wanted(("user", "item"), ("time",), ("user", "item"), "--columns")
USERS = Wanted(("user",), (), ("user",), "--columns")
_WHOLE = "whole numbers, such as 7"
_UNKNOWN = -1  # a time that is not known, as models take it


class AskedIds:
    """A column of ids, each of which a model may have or not."""

    def __init__(self, coded: Coded, distinct: npt.NDArray[Any], known: Ids) -> None:
        """Look up the distinct ids among those that the model knows."""
        self._codes = coded.each(np.arange(distinct.size, dtype=np.int32))
        self._distinct = distinct
        self._places, self._known = positions(known, distinct)

    def found(self, rows: slice) -> tuple[Positions, Known]:
        """Where the ids of some rows stand, and whether they do, as `data.ids.positions` says it."""
        codes = self._codes[rows]
        return self._places[codes], self._known[codes]

    def original(self, rows: slice) -> npt.NDArray[Any]:
        """The ids of some rows as they are."""
        ids: npt.NDArray[Any] = self._distinct[self._codes[rows]]
        return ids


class AskedRows:
    """Some rows of a table of what is asked, one after the other."""

    def __init__(self, table: StoredTable, columns: pa.Table, start: int, unit: Unit) -> None:
        """Take columns over, by role, whose first row is the row `start` of the table; `unit` is that of its times."""
        self._table = table
        self._start = start
        self._unit = unit
        self._columns: dict[str, pa.ChunkedArray] = dict(zip(columns.column_names, columns.columns, strict=True))
        self.n_rows: int = columns.num_rows

    def ids(self, role: str, known: Ids) -> AskedIds:
        """A column of ids, which have to be of the kind that the model knows; it can be taken once.

        Raises:
            MalformedRowError: an id is missing.
            InvalidIdError: the model's ids are whole numbers and one of these is none, or the other way round.
        """
        column = self._columns.pop(role)
        if not self._table.is_written and pa.types.is_dictionary(column.type):  # which may have more than these rows
            column = column.cast(column.type.value_type)
        coded = Coded(column, f"{role} id", self._place)
        return AskedIds(coded, self._of_kind(coded, role, known), known)

    def times(self) -> npt.NDArray[np.int64] | None:
        """Times in seconds since 1970, UTC, (n,), −1 where one is missing; None without a column of times.

        They can be taken once.

        Raises:
            MalformedRowError: one is no time, or not of the years 1970 to 9999.
        """
        column = self._columns.pop("time", None)
        if column is None:
            return None
        given = ~column.is_null().to_numpy().astype(np.bool_)
        times = np.full(self.n_rows, _UNKNOWN, np.int64)
        if given.any():
            rows = np.flatnonzero(given)
            times[rows] = seconds(column.drop_null(), lambda row: self._place(int(rows[row])), self._unit)
        return times

    def _place(self, row: int) -> str:
        return self._table.place(self._start + row)

    def _of_kind(self, coded: Coded, role: str, known: Ids) -> npt.NDArray[Any]:
        """The distinct ids as whole numbers or text, as those of the model are."""
        distinct = coded.distinct
        is_text = pa.types.is_string(distinct.type) or pa.types.is_large_string(distinct.type)
        if isinstance(known, StringIds):
            if not is_text:
                raise self._wrong(coded, 0, role, "text")
            return np.array(distinct.to_pylist(), object)
        if self._table.is_written:
            return self._whole_numbers(coded, role)
        if not pa.types.is_integer(distinct.type):
            raise self._wrong(coded, 0, role, "whole numbers")
        numbers: npt.NDArray[Any] = distinct.to_numpy()
        if numbers.dtype.kind == "u" and (beyond := numbers > np.iinfo(np.int64).max).any():
            raise self._wrong(coded, int(np.argmax(beyond)), role, "whole numbers of at most 63 bits and a sign")
        return numbers.astype(np.int64)

    def _whole_numbers(self, coded: Coded, role: str) -> npt.NDArray[np.int64]:
        """Written ids as whole numbers, which they have to be written as: 7, not 007 nor 7.0."""
        text = coded.distinct
        try:
            numbers = text.cast(pa.int64())
        except pa.ArrowInvalid as cause:
            place = next(place for place, each in enumerate(text.to_pylist()) if not _is_whole_number(each))
            raise self._wrong(coded, place, role, _WHOLE) from cause
        same = pc.equal(numbers.cast(text.type), text)
        if not pc.all(same).as_py():
            raise self._wrong(coded, same.index(False).as_py(), role, _WHOLE)
        found: npt.NDArray[np.int64] = numbers.to_numpy()
        return found

    def _wrong(self, coded: Coded, place: int, role: str, right: str) -> InvalidIdError:
        value = coded.distinct[place].as_py()
        return InvalidIdError(
            f"{self._place(coded.first_row(place))}: the {role} id {value!r:.60} is of another kind than those "
            f"of the model, which are {right}. Give the ids that it was trained with."
        )


def asked_rows(source: Any, given: Mapping[str, str], wanted: Wanted) -> Iterator[AskedRows]:
    """The rows of a source in blocks, so that any number of them takes a bounded memory.

    Args:
        source: a file, a folder of parts, or a table in memory. Parquet, JSON lines and text come in blocks, other
            formats whole.
        given: names of columns by role, where they are not recognised.
        wanted: the roles that columns have.

    Raises:
        DataError: of the subclasses that concern files, formats, columns and rows.
    """
    unit = Unit()
    for table in open_tables(source, _is_name(given, wanted)):
        start = 0
        for block in table.blocks(places_of(table, given, wanted)):
            if block.num_rows:
                yield AskedRows(table, block, start, unit)
            start += block.num_rows
        if not start:
            raise EmptyFileError(f"{table.name} has no rows. Give a table with {', '.join(wanted.needed)} in each row.")


def _is_name(given: Mapping[str, str], wanted: Wanted) -> IsName | None:
    """Whether the first line of a list is the name of what it lists, and not one of them."""
    if len(wanted.needed) > 1:
        return None
    (role,) = wanted.needed
    return lambda text: text == given.get(role) or is_usual(text, role)


def _is_whole_number(text: str) -> bool:
    try:
        pa.scalar(text).cast(pa.int64())
    except pa.ArrowInvalid:
        return False
    return True
