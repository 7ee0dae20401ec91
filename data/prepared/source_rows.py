"""The rows of a source of ratings in blocks, each of which can say where its rows stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from data.tables.coded import Where
from data.tables.formats.sources import open_tables
from data.tables.formats.stored_table import IDS, StoredTable
from data.tables.ratings_columns import kind_of, kinds_differ, no_rows, places_of, times_differ


class SourceRows:
    """The rows of all sources, each a file or a folder of parts, one after the other."""

    def __init__(self, sources: Sequence[Path], given: Mapping[str, str]) -> None:
        """Recognise columns.

        Args:
            sources: ratings, and perhaps those to test on.
            given: names of columns by role; a time of "" leaves times out.

        Raises:
            DataError: of the subclasses that concern files, formats and columns.
        """
        tables = [open_tables(source) for source in sources]
        self._tables = [table for each in tables for table in each]
        self._n_tables_of_first = len(tables[0])
        self.n_rows_of_first = 0
        """Known after the last block."""
        self._places = [places_of(table, given) for table in self._tables]
        self._starts: list[int] = []
        self.are_written = all(table.is_written for table in self._tables)
        self.has_times = "time" in self._places[0]
        for table, places in zip(self._tables, self._places, strict=True):
            if ("time" in places) != self.has_times:
                raise times_differ(*((self._tables[0], table) if self.has_times else (table, self._tables[0])))

    def __iter__(self) -> Iterator[tuple[pa.Table, Where]]:
        """Blocks, and for each what says where a row of it stands.

        Raises:
            DataError: of the subclasses that concern rows, when their block comes.
        """
        self._starts = []
        n_rows = 0
        kinds: dict[str, str] = {}
        for table, places in zip(self._tables, self._places, strict=True):
            self._starts.append(n_rows)
            for block in table.blocks(places):
                if not block.num_rows:
                    continue
                for role, kind in _kinds(block, table):
                    if not self.are_written and kinds.setdefault(role, kind) != kind:
                        raise kinds_differ(role, self._tables[0], kinds[role], table, kind)
                yield block, partial(self._place_below, n_rows)
                n_rows += block.num_rows
            if n_rows == self._starts[-1]:
                raise no_rows(table)
            if len(self._starts) == self._n_tables_of_first:
                self.n_rows_of_first = n_rows

    def place(self, row: int) -> str:
        """Where a row stands, for messages."""
        number = bisect_right(self._starts, row) - 1
        return self._tables[number].place(row - self._starts[number])

    def _place_below(self, start: int, row: int) -> str:
        return self.place(start + row)


def _kinds(block: pa.Table, table: StoredTable) -> Iterator[tuple[str, str]]:
    """The kind of each column that is of one kind in all tables; ratings and times of a text become numbers anyway."""
    for field in block.schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if field.name in IDS or not table.is_written:
            yield field.name, kind_of(kind)
