"""Parquet and Feather files, and tables in memory: formats in which columns have types and names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet
from typing_extensions import override

from data.errors import MalformedRowError, OptionError, UnknownFormatError
from data.tables.formats.files import StoredFile
from data.tables.formats.stored_table import StoredTable

_ROWS = 1 << 18  # of a block


class ParquetTable(StoredTable):
    """A Parquet file as a table."""

    def __init__(self, file: StoredFile) -> None:
        """Read what its columns are.

        Raises:
            DataError: the file cannot be read, or is no Parquet file.
        """
        super().__init__(file.name)
        with _opened(file) as source:
            self._file = _sound(file.name, "Parquet", lambda: pa.parquet.ParquetFile(source, pre_buffer=False))

    @property
    @override
    def names(self) -> tuple[str, ...]:
        return tuple(self._file.schema_arrow.names)

    @override
    def read(self, places: Mapping[str, int]) -> pa.Table:
        names = [self.names[place] for place in places.values()]
        table = _sound(self.name, "Parquet", lambda: self._file.read(columns=names))
        return table.select(names).rename_columns(list(places))

    @override
    def blocks(self, places: Mapping[str, int]) -> Iterator[pa.Table]:
        names = [self.names[place] for place in places.values()]
        batches = self._file.iter_batches(_ROWS, columns=names)
        while (batch := _sound(self.name, "Parquet", lambda: next(batches, None))) is not None:
            yield pa.Table.from_batches([batch]).select(names).rename_columns(list(places))

    @override
    def read_whole(self, id_place: int) -> pa.Table:
        return _sound(self.name, "Parquet", self._file.read)


class FeatherTable(StoredTable):
    """A Feather file, which is an Arrow file, as a table."""

    def __init__(self, file: StoredFile) -> None:
        """Map the file, or unpack what holds it; batches of rows that are packed are unpacked as they are read.

        Raises:
            DataError: the file cannot be read, or is no Feather file.
        """
        super().__init__(file.name)
        with _opened(file) as source:
            self._source = pa.memory_map(source) if isinstance(source, str) else source
        self._names = tuple(self._opened().schema.names)

    @property
    @override
    def names(self) -> tuple[str, ...]:
        return self._names

    @override
    def read(self, places: Mapping[str, int]) -> pa.Table:
        return _sound(self.name, "Feather", lambda: _chosen(self._opened(places).read_all(), places))

    @override
    def blocks(self, places: Mapping[str, int]) -> Iterator[pa.Table]:
        batches = self._batches(places)
        while (batch := _sound(self.name, "Feather", lambda: next(batches, None))) is not None:
            yield batch

    @override
    def read_whole(self, id_place: int) -> pa.Table:
        return _sound(self.name, "Feather", self._opened().read_all)

    def _opened(self, places: Mapping[str, int] | None = None) -> pa.ipc.RecordBatchFileReader:
        """The file, to read the columns at some places, or all."""
        options = pa.ipc.IpcReadOptions(included_fields=None if places is None else sorted(places.values()))
        return _sound(self.name, "Feather", lambda: pa.ipc.open_file(self._source, options=options))

    def _batches(self, places: Mapping[str, int]) -> Iterator[pa.Table]:
        """The rows in the batches in which they were written."""
        reader = self._opened(places)
        for number in range(reader.num_record_batches):
            yield _chosen(pa.Table.from_batches([reader.get_batch(number)]), places)


class FirstFeatherTable(StoredTable):
    """A Feather file of the first version as a table, which is read at once."""

    def __init__(self, file: StoredFile) -> None:
        """Map the file, or unpack it.

        Raises:
            DataError: the file cannot be read, or is no Feather file.
        """
        super().__init__(file.name)
        with _opened(file) as source:
            self._table = _sound(file.name, "Feather", lambda: pa.feather.read_table(source, memory_map=True))

    @property
    @override
    def names(self) -> tuple[str, ...]:
        return tuple(self._table.column_names)

    @override
    def read(self, places: Mapping[str, int]) -> pa.Table:
        return self._table.select(list(places.values())).rename_columns(list(places))

    @override
    def read_whole(self, id_place: int) -> pa.Table:
        return self._table


class MemoryTable(StoredTable):
    """A table of pandas, polars or Arrow, any that exports Arrow, or a dict of columns."""

    def __init__(self, source: Any) -> None:
        """Take the table over; columns are converted as they are read.

        Raises:
            OptionError: it is no table.
            MalformedRowError: it is a dict whose columns have values of several types, or are not equally long.
        """
        super().__init__(f"the {type(source).__name__}")
        if isinstance(source, pd.DataFrame):
            named = [name for name in source.index.names if name is not None]
            self._source: Any = source.reset_index() if named else source
            self._names = tuple(str(column) for column in self._source.columns)
        elif isinstance(source, dict) or hasattr(source, "__arrow_c_stream__"):
            try:
                self._source = pa.table(source)
            except (pa.ArrowException, UnicodeEncodeError) as cause:
                raise MalformedRowError(f"{self.name} is no table: {cause}. Let a column have one type.") from cause
            self._names = tuple(self._source.column_names)
        else:
            raise OptionError(
                f"a table is a path, one of pandas, polars or Arrow, or a dict of columns, not {self.name}"
            )

    @property
    @override
    def names(self) -> tuple[str, ...]:
        return self._names

    @override
    def read(self, places: Mapping[str, int]) -> pa.Table:
        if isinstance(self._source, pa.Table):
            return self._source.select(list(places.values())).rename_columns(list(places))
        return pa.table({role: self._column(place) for role, place in places.items()})

    @override
    def read_whole(self, id_place: int) -> pa.Table:
        if isinstance(self._source, pa.Table):
            return self._source
        columns = [self._column(place) for place in range(len(self._names))]
        return pa.Table.from_arrays(columns, names=list(self._names))

    def _column(self, place: int) -> Any:
        """A column of a table of pandas."""
        column = self._source.iloc[:, place]
        try:
            return pa.array(column, from_pandas=True)
        except (pa.ArrowException, UnicodeEncodeError) as cause:
            kinds = [type(value).__name__ for value in column]
            other = next((row for row, kind in enumerate(kinds) if kind != kinds[0]), 0)
            raise MalformedRowError(
                f"{self.place(other)}: the column {self._names[place]} has {column.iloc[other]!r:.60} there, of type "
                f"{kinds[other]}, and {column.iloc[0]!r:.60} of type {kinds[0]} in row 1. Let it have one type."
            ) from cause


@contextmanager
def _opened(file: StoredFile) -> Iterator[Any]:
    """A file of which parts can be read as they are needed; what is packed is unpacked first."""
    with file.open() as stream:
        yield str(file.path) if isinstance(stream, pa.OSFile) else pa.BufferReader(stream.read())


def _chosen(table: pa.Table, places: Mapping[str, int]) -> pa.Table:
    """The columns of roles, from a table of those alone in the order of their places."""
    in_file = sorted(places.values())
    return table.select([in_file.index(place) for place in places.values()]).rename_columns(list(places))


def _sound(name: str, kind: str, read: Any) -> Any:
    try:
        return read()
    except (pa.ArrowException, OSError) as cause:
        raise UnknownFormatError(f"{name} is no sound {kind} file: {cause}. Get the file again.") from cause
