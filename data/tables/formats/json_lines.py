"""Files with a JSON object on each line as tables."""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa
import pyarrow.json
from typing_extensions import override

from data.errors import DataError, EmptyFileError, EncodingError, MalformedRowError
from data.tables.formats.files import StoredFile
from data.tables.formats.stored_table import IDS, StoredTable

_BLOCK = 1 << 23  # bytes; a line must fit into one, and the first one shows the types


class JsonLinesTable(StoredTable):
    """A file of JSON lines as a table. A column has the type that it has at the beginning of the file."""

    def __init__(self, file: StoredFile) -> None:
        """Read which columns there are, from the first lines.

        Raises:
            DataError: the file cannot be read, or is no JSON with an object on each line.
        """
        super().__init__(file.name)
        self.file = file
        with file.open() as stream:
            try:
                reader = pa.json.open_json(stream, pa.json.ReadOptions(block_size=_BLOCK))
                self._schema: pa.Schema = reader.read_next_batch().schema
            except StopIteration as cause:
                raise EmptyFileError(f"{file.name} has no rows. Give a file with an object on each line.") from cause
            except pa.ArrowException as cause:
                raise self._first_fault(None, (), cause) from cause

    @property
    @override
    def names(self) -> tuple[str, ...]:
        return tuple(self._schema.names)

    @override
    def read(self, places: Mapping[str, int]) -> pa.Table:
        schema = self._schema_of(places)
        table = self._read(schema, "ignore")
        return table.select(schema.names).rename_columns(list(places))

    @override
    def blocks(self, places: Mapping[str, int]) -> Iterator[pa.Table]:
        schema = self._schema_of(places)
        with self.file.open() as stream:
            try:
                options = pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
                for batch in pa.json.open_json(stream, pa.json.ReadOptions(block_size=_BLOCK), options):
                    yield pa.Table.from_batches([batch]).select(schema.names).rename_columns(list(places))
            except pa.ArrowException as cause:
                raise self._read_fault(schema, "ignore", cause) from cause

    def _schema_of(self, places: Mapping[str, int]) -> pa.Schema:
        """Types of the columns at these places."""
        fields = {role: self._schema.field(place) for role, place in places.items()}
        if fractions := [
            fields[role].name for role in IDS if role in fields and pa.types.is_floating(fields[role].type)
        ]:
            raise self._first_fault(fractions, fractions, "an id is no whole number")
        return pa.schema([(field.name, _type(field.type, is_id=role in IDS)) for role, field in fields.items()])

    @override
    def read_whole(self, id_place: int) -> pa.Table:
        field = self._schema.field(id_place)
        return self._read(pa.schema([(field.name, _type(field.type, is_id=True))]), "infer")

    @override
    def place(self, row: int) -> str:
        for number, (line, _) in enumerate(self._lines()):
            if number == row:
                return f"{self.name}, line {line}"
        return super().place(row)

    def _read(self, schema: pa.Schema, others: str) -> pa.Table:
        with self.file.open() as stream:
            try:
                return pa.json.read_json(
                    stream,
                    pa.json.ReadOptions(block_size=_BLOCK),
                    pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior=others),
                )
            except pa.ArrowException as cause:
                raise self._read_fault(schema, others, cause) from cause

    def _read_fault(self, schema: pa.Schema, others: str, cause: object) -> DataError:
        whole = [field.name for field in schema if pa.types.is_integer(field.type)]
        return self._first_fault(schema.names if others == "ignore" else None, whole, cause)

    def _first_fault(self, names: Collection[str] | None, whole: Collection[str], cause: object) -> DataError:
        """What is wrong with the first line that is no object or has another kind of value than those before.

        Args:
            names: of the columns that are read; None for all.
            whole: those of them that have to be whole numbers if they are numbers.
            cause: what to say if no line is at fault.
        """
        before = dict.fromkeys(whole, "a whole number")
        for line, text in self._lines():
            where = f"{self.name}, line {line}"
            try:
                row = json.loads(text)
            except UnicodeDecodeError:
                return EncodingError(f"{where} is no UTF-8 text. Save the file as UTF-8.")
            except ValueError as error:
                return MalformedRowError(f"{where} is no JSON: {error}. Write one object on each line.")
            if not isinstance(row, dict):
                return MalformedRowError(
                    f"{where} is {type(row).__name__} instead of an object. Write one object on each line."
                )
            for name, value in row.items():
                if value is None or (names is not None and name not in names):
                    continue
                kind = _kind(value, is_whole=name in whole)
                if kind != before.setdefault(name, kind):
                    return MalformedRowError(
                        f"{where}: {name} is {kind}, {json.dumps(value)[:60]}, where {before[name]} is expected. Write "
                        "it in one way on all lines."
                    )
        return MalformedRowError(f"{self.name} cannot be read: {cause}. Correct it, or save it as Parquet.")

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """The lines of the file that are not blank, with their numbers from 1 on."""
        with self.file.open() as stream:
            for number, text in enumerate(
                io.BufferedReader(stream) if hasattr(stream, "readinto") else stream, start=1
            ):
                if text.strip():
                    yield number, text


def _type(found: pa.DataType, *, is_id: bool) -> pa.DataType:
    """The type of a column by that of its beginning: ratings may go on as fractions, and ids are no dates."""
    if pa.types.is_null(found):
        return pa.string()
    if is_id:
        return pa.string() if pa.types.is_timestamp(found) else found
    return pa.float64() if pa.types.is_integer(found) else found


def _kind(value: object, *, is_whole: bool) -> str:
    match value:
        case bool():
            return "true or false"
        case int() if is_whole and -(1 << 63) <= value < 1 << 63:
            return "a whole number"
        case int() if is_whole:
            return "a number of over 63 bits"
        case int() | float():
            return "a number"
        case str():
            return "text"
    return "a list" if isinstance(value, list) else "an object"
