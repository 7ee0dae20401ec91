"""The rows of a source of ratings in blocks, each of which can say where its rows stand."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import pyarrow as pa

from data.errors import EmptyFileError
from data.tables.coded import Where
from data.tables.formats.sources import open_tables
from data.tables.ratings_columns import kind_of, kinds_differ, places_of, times_differ


class SourceRows:
    """The rows of a file, or of the parts in a folder, one after the other."""

    def __init__(self, source: Path, given: Mapping[str, str]) -> None:
        """Recognise columns.

        Args:
            source: a file, or a folder of parts.
            given: names of columns by role; a time of "" leaves times out.

        Raises:
            DataError: of the subclasses that concern files, formats and columns.
        """
        self._tables = open_tables(source)
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
                if not table.is_written:
                    for role, kind in ((field.name, kind_of(field.type)) for field in block.schema):
                        if kinds.setdefault(role, kind) != kind:
                            raise kinds_differ(role, self._tables[0], kinds[role], table, kind)
                yield block, partial(self._place_below, n_rows)
                n_rows += block.num_rows
            if n_rows == self._starts[-1]:
                raise EmptyFileError(
                    f"{table.name} has no rows. Give a table with a user, an item and a rating in each row."
                )

    def place(self, row: int) -> str:
        """Where a row stands, for messages."""
        number = bisect_right(self._starts, row) - 1
        return self._tables[number].place(row - self._starts[number])

    def _place_below(self, start: int, row: int) -> str:
        return self.place(start + row)
