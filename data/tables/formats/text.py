"""Text files as tables: read by pyarrow in blocks; when that fails, a slower way says at which line."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from typing import Any

import pyarrow as pa
import pyarrow.csv
from typing_extensions import override

from data.errors import DataError, EncodingError, MalformedRowError
from data.tables.casts import first_unfit
from data.tables.formats.dialect import SAMPLE, Dialect, IsName, Row, recognise, rows
from data.tables.formats.files import StoredFile
from data.tables.formats.stored_table import StoredTable
from data.tables.formats.windows import UncutError, windows

# Text comes with a dictionary of what occurs, for each block: as fast as whole numbers, and equal to the byte.
_AS_WRITTEN = pa.dictionary(pa.int32(), pa.string())
_TIMES = (pa.int64(), pa.float64(), pa.timestamp("us"), pa.timestamp("us", "UTC"))
_BLOCK = 1 << 22  # bytes; smaller ones repeat more of the dictionaries, and a row must fit into one
_STREAMED = 1 << 21  # bytes, where blocks come one by one: the reader holds 32 of them that are not asked for yet
_WINDOW = 1 << 25  # bytes; smaller ones repeat more of the dictionaries, larger ones are not in the cache any more
_OF_WINDOW = 1 << 20  # bytes of a block of a window
_WHOLE = 1 << 28  # bytes of a table of users or items whose columns get their types by all their values
# An empty field is missing; "" in quotes is not, and NaN is a word like others.
_MISSING: dict[str, Any] = {"null_values": [""], "strings_can_be_null": True, "quoted_strings_can_be_null": False}


class TextTable(StoredTable):
    """A text file as a table."""

    is_written = True

    def __init__(self, file: StoredFile, is_name: IsName | None = None) -> None:
        """Recognise how the file is written; `is_name` as in `recognise`.

        Raises:
            DataError: of the subclasses that concern files and formats.
        """
        super().__init__(file.name)
        self.file = file
        self.dialect: Dialect = recognise(file.first_bytes(SAMPLE), file.name, is_name)

    @property
    @override
    def names(self) -> tuple[str, ...] | None:
        return self.dialect.header

    @property
    @override
    def n_columns(self) -> int:
        return self.dialect.n_columns

    @override
    def read(self, places: Mapping[str, int]) -> pa.Table:
        types = dict.fromkeys(places.keys() - {"time"}, _AS_WRITTEN)
        if "time" in places:
            types["time"] = self._type_of_times(places["time"])
        has_line_ends = self.dialect.has_line_ends
        try:
            if self.dialect.encoding == "utf-8" and not has_line_ends:
                return self._read_in_windows(places, types)
            return self._read(places, types, _MISSING, has_line_ends=has_line_ends)
        except (pa.ArrowException, UncutError):  # line ends in quotes further down, a fault, or times of several forms
            times = dict.fromkeys(places.keys() & {"time"}, pa.string())
            try:
                return self._read(places, types | times, _MISSING, has_line_ends=True)
            except pa.ArrowException as cause:
                raise self._first_fault(places, cause) from cause

    @override
    def blocks(self, places: Mapping[str, int]) -> Iterator[pa.Table]:
        types = {role: pa.string() if role == "time" else _AS_WRITTEN for role in places}
        options = self._options(places, types, _MISSING, has_line_ends=True, block=_STREAMED)
        try:
            with self.file.open() as stream:
                for batch in pa.csv.open_csv(stream, *options):
                    yield _renamed(pa.Table.from_batches([batch]), places)
        except pa.ArrowException as cause:
            raise self._first_fault(places, cause) from cause

    @override
    def read_whole(self, id_place: int) -> pa.Table:
        names = self.dialect.header or ()
        places = {name: place for place, name in enumerate(names)}
        try:
            return self._read(places, {names[id_place]: pa.string()}, {}, has_line_ends=True, block=_WHOLE)
        except pa.ArrowException as cause:
            raise self._first_fault(places, cause) from cause

    @override
    def place(self, row: int) -> str:
        for number, (line, _) in enumerate(self._rows()):
            if number == row:
                return f"{self.name}, line {line}"
        return super().place(row)

    def _read_in_windows(self, places: Mapping[str, int], types: Mapping[str, pa.DataType]) -> pa.Table:
        """Read ids as text, of which each window, not each block, gets a dictionary, beside the reading of the next."""
        text = {role: pa.string() if role in ("user", "item") else kind for role, kind in types.items()}
        parts: list[list[Future[list[pa.Array]]]] = []
        with (
            self.file.open() as stream,
            ThreadPoolExecutor(max_workers=2) as pool,
            closing(windows(stream, _WINDOW)) as found,
        ):
            for window in found:
                source = pa.BufferReader(window)
                options = self._options(places, text, _MISSING, has_line_ends=False, block=_OF_WINDOW, begins=not parts)
                read = pa.csv.read_csv(source, *options).columns
                if parts:
                    wait(parts[-1])  # or memory would fill with text
                parts.append([pool.submit(_encoded, column) for column in read[: len(places)]])
                del read
        columns = zip(*([each.result() for each in part] for part in parts), strict=True)
        return pa.table(
            {
                role: pa.chunked_array([chunk for chunks in column for chunk in chunks], types[role])
                for role, column in zip(places, columns, strict=True)
            }
        )

    def _read(
        self,
        places: Mapping[str, int],
        types: Mapping[str, pa.DataType],
        convert: Mapping[str, Any],
        *,
        has_line_ends: bool,
        block: int = _BLOCK,
    ) -> pa.Table:
        options = self._options(places, types, convert, has_line_ends=has_line_ends, block=block)
        with self.file.open() as stream:
            return _renamed(pa.csv.read_csv(stream, *options), places)

    def _options(
        self,
        places: Mapping[str, int],
        types: Mapping[str, pa.DataType],
        convert: Mapping[str, Any],
        *,
        has_line_ends: bool,
        block: int,
        begins: bool = True,
    ) -> tuple[pa.csv.ReadOptions, pa.csv.ParseOptions, pa.csv.ConvertOptions]:
        """To read the columns at these places, in their order, and some that hold nothing, under other names."""
        step = len(self.dialect.separator)  # "::" is two separators, with a column of nothing between
        columns = [f"c{place}" for place in range((self.dialect.n_columns - 1) * step + 1)]
        between = [column for place, column in enumerate(columns) if place % step]
        chosen = {role: columns[place * step] for role, place in places.items()}
        return (
            pa.csv.ReadOptions(
                block_size=block,
                column_names=columns,
                skip_rows=self.dialect.first_line - 1 if begins else 0,
                encoding=self.dialect.encoding,
            ),
            pa.csv.ParseOptions(
                delimiter=self.dialect.separator[0],
                quote_char='"' if step == 1 else False,
                newlines_in_values=has_line_ends,
                invalid_row_handler=_blank_lines_aside,
            ),
            pa.csv.ConvertOptions(
                include_columns=[*chosen.values(), *between],
                column_types={chosen[role]: kind for role, kind in types.items()} | dict.fromkeys(between, pa.null()),
                **convert,
            ),
        )

    def _type_of_times(self, place: int) -> pa.DataType:
        """The type of times by the first rows. To let pyarrow find out, it would keep all of the text in memory."""
        first = pa.array([row[place] for row in self.dialect.first_rows if row[place]], pa.string())
        return next((kind for kind in _TIMES if first_unfit(first, kind) is None), pa.string())

    def _first_fault(self, places: Mapping[str, int], cause: Exception) -> DataError:
        for line, row in self._rows():
            where, expected = f"{self.name}, line {line}", self.dialect.n_columns
            if len(row) != expected:
                shown = self.dialect.separator.join(row)
                quote = " A quote may lack its end." if "\n" in shown else ""
                return MalformedRowError(
                    f"{where}: {len(row)} fields instead of {expected} in {shown!r:.80}.{quote} Correct it."
                )
            if len(mark := self.dialect.separator) > 1 and any(mark[0] in field for field in row):
                return MalformedRowError(
                    f"{where}: a field in {mark.join(row)!r:.80} holds a single {mark[0]}, and {mark} separates them. "
                    "Separate them by tabs."
                )
            if any(_is_not_text(row[place]) for place in places.values()):
                return EncodingError(f"{where} is no {self.dialect.encoding.upper()} text. Save the file as UTF-8.")
        return MalformedRowError(f"{self.name} cannot be read: {cause}. Correct it, or save it as Parquet.")

    def _rows(self) -> Iterator[Row]:
        """The rows of the file below its line of names."""
        with self.file.open() as stream:
            buffered = io.BufferedReader(_Reader(stream))
            text = io.TextIOWrapper(buffered, self.dialect.encoding, errors="surrogateescape", newline="")
            found = rows(text, self.dialect.separator)
            if self.dialect.header is not None:
                next(found)
            yield from found


def _encoded(column: pa.ChunkedArray) -> list[pa.Array]:
    """The chunks of a column; of text, one with a dictionary of what occurs."""
    if not pa.types.is_string(column.type):
        return list(column.chunks)
    encoded = column.dictionary_encode().chunks
    if not encoded:
        return []
    codes = pa.concat_arrays([chunk.indices for chunk in encoded])
    return [pa.DictionaryArray.from_arrays(codes, encoded[0].dictionary, safe=False)]


def _renamed(table: pa.Table, places: Mapping[str, int]) -> pa.Table:
    return table.select(list(range(len(places)))).rename_columns(list(places))


def _blank_lines_aside(row: pa.csv.InvalidRow) -> str:
    return "error" if row.text.strip() else "skip"


def _is_not_text(field: str) -> bool:
    try:
        field.encode()
    except UnicodeEncodeError:  # half a surrogate pair stands for a byte that is none
        return True
    return False


class _Reader(io.RawIOBase):
    """An Arrow stream as Python's text reader takes it, without the mark of its encoding."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        beginning = stream.read(3)
        for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            if beginning.startswith(mark):
                beginning = beginning[len(mark) :]
                break
        self._ahead = beginning

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        data = self._ahead[: len(buffer)] if self._ahead else self._stream.read(len(buffer))
        self._ahead = self._ahead[len(data) :] if self._ahead else b""
        buffer[: len(data)] = data
        return len(data)
