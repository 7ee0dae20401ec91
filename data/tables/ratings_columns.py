"""The columns user, item, rating and perhaps time, from all tables that ratings come from."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

from data.columns import RATINGS, Wanted, by_usual_names, in_order
from data.errors import EmptyFileError, MalformedRowError
from data.tables.coded import Coded
from data.tables.formats.sources import open_tables
from data.tables.formats.stored_table import StoredTable
from data.tables.rating_values import distinct_ratings

logger = logging.getLogger("data")


class RatingsColumns:
    """The rows of all sources, one after the other."""

    def __init__(self, sources: Sequence[Any], given: Mapping[str, str]) -> None:
        """Read them.

        Args:
            sources: ratings, and perhaps those to test on.
            given: names of columns by role; a time of "" leaves times out.

        Raises:
            DataError: of the subclasses that concern files, formats, columns and rows.
        """
        tables = [open_tables(source) for source in sources]
        self._tables = [table for each in tables for table in each]
        self.are_written = all(table.is_written for table in self._tables)
        read = [_read(table, given, as_typed=not self.are_written) for table in self._tables]
        ends = list(accumulate(table.num_rows for table in read))
        self._starts = [0, *ends[:-1]]
        self.n_rows_of_first = ends[len(tables[0]) - 1]
        self._columns = _together(self._tables, read)

    def __contains__(self, role: str) -> bool:
        return role in self._columns

    def pop(self, role: str) -> pa.ChunkedArray:
        """A column, which nothing else holds in memory from then on."""
        return self._columns.pop(role)

    def place(self, row: int) -> str:
        """Where a row stands, for messages."""
        number = bisect_right(self._starts, row) - 1
        return self._tables[number].place(row - self._starts[number])


def places_of(table: StoredTable, given: Mapping[str, str], wanted: Wanted = RATINGS) -> dict[str, int]:
    """The place of the column for each role that a table has, from 0 on; says them aloud.

    Args:
        table: the table.
        given: names of columns by role, where they are not recognised; a time of "" leaves times out.
        wanted: the roles that there are.

    Raises:
        ColumnError: a role has no column or several, or a named one is not there.
    """
    named = {role: str(name) for role, name in given.items() if (role, name) != ("time", "")}
    if table.names is None:
        places = in_order(table.n_columns, named, table.name, wanted)
        shown = {role: f"column {place + 1}" for role, place in places.items()}
    else:
        shown = by_usual_names(table.names, named, table.name, wanted)
        places = {role: table.names.index(name) for role, name in shown.items()}
    if given.get("time") == "":
        places.pop("time", None)
    logger.info("%s: %s", table.name, ", ".join(f"{role} is {shown[role]}" for role in places))
    return places


def _read(table: StoredTable, given: Mapping[str, str], *, as_typed: bool) -> pa.Table:
    read = table.read(places_of(table, given))
    if not read.num_rows:
        raise no_rows(table)
    return _typed(table, read) if as_typed else read


def _typed(table: StoredTable, read: pa.Table) -> pa.Table:
    """A table without dictionaries, of which each table has its own, and ratings as numbers."""
    columns = {
        name: _decoded(column) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(read.column_names, read.columns, strict=True)
    }
    if table.is_written:
        coded = Coded(read["rating"], "rating", table.place)
        columns["rating"] = pa.chunked_array([coded.each(distinct_ratings(coded, table.place))])
    return pa.table(columns)


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    views = pa.types.is_string_view(column.type.value_type)  # of which no values are taken
    kind = pa.string() if views else column.type.value_type
    return pa.chunked_array([chunk.dictionary.cast(kind).take(chunk.indices) for chunk in column.chunks], kind)


def _together(tables: Sequence[StoredTable], read: list[pa.Table]) -> dict[str, pa.ChunkedArray]:
    """The columns of all tables; takes the tables out of the list."""
    first, roles = tables[0], read[0].column_names
    for table, other in zip(tables, read, strict=True):
        if set(other.column_names) != set(roles):
            raise times_differ(*((first, table) if "time" in roles else (table, first)))
    together: dict[str, pa.ChunkedArray] = {}
    for role in roles:
        columns = [table[role] for table in read]
        types = list(dict.fromkeys(kind_of(column.type) for column in columns))
        if len(types) > 1:
            kinds = zip(tables, (kind_of(column.type) for column in columns), strict=True)
            other = next(table for table, kind in kinds if kind != types[0])
            raise kinds_differ(role, first, types[0], other, types[1])
        together[role] = columns[0] if len(columns) == 1 else _concatenated(columns)
    read.clear()
    return together


def times_differ(timed: StoredTable, untimed: StoredTable) -> MalformedRowError:
    """What to say of two parts of one table, one of which has times."""
    return MalformedRowError(
        f"{timed.name} has times, and {untimed.name} has none. Give times to all, or leave them out: "
        "--data.columns.time ''."
    )


def no_rows(table: StoredTable) -> EmptyFileError:
    """What to say of a table without rows."""
    return EmptyFileError(f"{table.name} has no rows. Give a table with a user, an item and a rating in each row.")


def kinds_differ(role: str, first: StoredTable, kind: str, other: StoredTable, other_kind: str) -> MalformedRowError:
    """What to say of two parts of one table that have a column in different ways."""
    return MalformedRowError(
        f"{role} is {kind} in {first.name}, and {other_kind} in {other.name}. Let all tables have it in one way."
    )


def kind_of(kind: pa.DataType) -> str:
    """What a type of columns is, for messages: types of one kind go together."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "a number"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "a date"
    return str(kind)


def _concatenated(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    tables = [pa.table({"column": column}) for column in columns]
    return pa.concat_tables(tables, promote_options="permissive")["column"]
