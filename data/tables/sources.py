"""The columns of ratings from every source: files of each format, and tables in memory."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet

from data.columns import by_usual_names
from data.errors import EmptyFileError, EncodingError, MalformedRowError, OptionError, UnknownFormatError
from data.tables.files import StoredFile, stored_files
from data.tables.rows import Part, lines
from data.tables.text import TextColumns, read_text, recognise_columns

logger = logging.getLogger("data")


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns user, item, rating and perhaps time of a source, and the parts that their rows come from."""

    table: pa.Table
    parts: tuple[Part, ...]
    ids_are_written: bool
    """Whether ids come from a text, where whole numbers look like any others."""


def columns_of(source: Any, given: Mapping[str, str]) -> Columns:
    """Read the columns of a file, a folder of parts, or a table of pandas, polars, Arrow or any that exports Arrow.

    Raises:
        DataError: of the subclasses that concern files, formats, columns and rows.
    """
    if not isinstance(source, str | Path):
        return _of_memory(source, given)
    parts = [_of_file(file, given) for file in stored_files(Path(source))]
    if len({frozenset(part.table.column_names) for part in parts}) > 1:
        raise UnknownFormatError(f"some parts of {source} have times and others do not. Let all have the same columns.")
    order = parts[0].table.column_names
    try:
        table = pa.concat_tables([part.table.select(order) for part in parts], promote_options="permissive")
    except pa.ArrowException as cause:
        raise UnknownFormatError(f"the parts of {source} have columns of different types: {cause}") from cause
    return Columns(
        table, tuple(part for each in parts for part in each.parts), all(part.ids_are_written for part in parts)
    )


def _of_memory(source: Any, given: Mapping[str, str]) -> Columns:
    name = f"the {type(source).__name__}"
    try:
        if isinstance(source, pd.DataFrame):
            chosen = by_usual_names([str(column) for column in source.columns], given, name)
            frame = source.set_axis([str(column) for column in source.columns], axis=1)[[*chosen.values()]]
            table = pa.Table.from_pandas(frame, preserve_index=False)
        elif isinstance(source, dict) or hasattr(source, "__arrow_c_stream__"):
            whole = pa.table(source)
            chosen = by_usual_names(whole.column_names, given, name)
            table = whole.select(list(chosen.values()))
        else:
            raise OptionError(
                f"ratings are a path, a table of pandas, polars or Arrow, or a dict of columns, not {name}"
            )
    except pa.ArrowException as cause:
        raise MalformedRowError(f"{name} has a column of values of several types: {cause}") from cause
    return Columns(table.rename_columns(list(chosen)), (Part(None, name, table.num_rows),), False)


def _of_file(file: StoredFile, given: Mapping[str, str]) -> Columns:
    if file.format == "text":
        columns = recognise_columns(file, given)
        table, chosen = _text(file, columns), columns.names
        dialect = columns.dialect
    else:
        table, chosen = _READERS[file.format](file, given)
        dialect = None
    logger.info("%s: %s", file.name, ", ".join(f"{role} is {name}" for role, name in chosen.items()))
    if not table.num_rows:
        raise EmptyFileError(f"{file.name} has no rows.")
    return Columns(table, (Part(file, file.name, table.num_rows, dialect),), dialect is not None)


def _text(file: StoredFile, columns: TextColumns) -> pa.Table:
    """Read a text; if that fails, the slow way says at which line, or the times are of several forms."""
    try:
        return read_text(file, columns, times_as_text=False, newlines=columns.dialect.has_quotes)
    except pa.ArrowException:
        if (fault := _first_fault(file, columns)) is not None:
            raise fault from None
    try:
        return read_text(file, columns, times_as_text=True, newlines=True)
    except pa.ArrowException as cause:
        raise MalformedRowError(f"{file.name} cannot be read: {cause}") from cause


def _first_fault(file: StoredFile, columns: TextColumns) -> MalformedRowError | EncodingError | None:
    expected, rating = columns.dialect.n_columns, columns.places["rating"]
    for line, row in lines(file, columns.dialect):
        where = f"{file.name}, line {line}"
        if len(row) != expected:
            shown = columns.dialect.separator.join(row)
            return MalformedRowError(f"{where}: {len(row)} fields instead of {expected} in {shown!r:.80}. Correct it.")
        if any("\ufffd" in row[place] for place in columns.places.values()):
            return EncodingError(f"{where} is no {columns.dialect.encoding} text. Save the file as UTF-8.")
        try:
            float(row[rating] or "nan")  # a missing one is told of with the others that are missing
        except ValueError:
            return MalformedRowError(f"{where}: the rating {row[rating]!r:.60} is not a number. Correct it.")
    return None


def _parquet(file: StoredFile, given: Mapping[str, str]) -> tuple[pa.Table, dict[str, str]]:
    with file.open() as stream:
        try:
            source = pa.BufferReader(stream.read()) if file.packing or file.member else str(file.path)
            opened = pa.parquet.ParquetFile(source)
            chosen = by_usual_names(opened.schema_arrow.names, given, file.name)
            table = opened.read(columns=list(chosen.values()))
        except pa.ArrowException as cause:
            raise UnknownFormatError(f"{file.name} is no Parquet file: {cause}") from cause
        return table.select(list(chosen.values())).rename_columns(list(chosen)), chosen


def _feather(file: StoredFile, given: Mapping[str, str]) -> tuple[pa.Table, dict[str, str]]:
    with file.open() as stream:
        try:
            source = pa.BufferReader(stream.read()) if file.packing or file.member else str(file.path)
            whole = pa.feather.read_table(source)
        except pa.ArrowException as cause:
            raise UnknownFormatError(f"{file.name} is no Feather file: {cause}") from cause
        chosen = by_usual_names(whole.column_names, given, file.name)
        return whole.select(list(chosen.values())).rename_columns(list(chosen)), chosen


def _json_lines(file: StoredFile, given: Mapping[str, str]) -> tuple[pa.Table, dict[str, str]]:
    with file.open() as stream:
        try:
            first = pa.json.open_json(stream).read_next_batch().schema
        except StopIteration as cause:
            raise EmptyFileError(f"{file.name} has no rows.") from cause
        except pa.ArrowException as cause:
            raise MalformedRowError(f"{file.name} is no JSON with an object a line: {cause}") from cause
    chosen = by_usual_names(first.names, given, file.name)
    schema = pa.schema([first.field(name) for name in chosen.values()])
    with file.open() as stream:
        try:
            table = pa.json.read_json(
                stream,
                parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
            )
        except pa.ArrowException as cause:
            raise MalformedRowError(f"{file.name}: {cause}. Let a column have values of one type.") from cause
    return table.select(list(chosen.values())).rename_columns(list(chosen)), chosen


_READERS = {"parquet": _parquet, "feather": _feather, "json lines": _json_lines}
