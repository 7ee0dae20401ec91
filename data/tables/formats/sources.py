"""Open every source of rows as tables: a file, a folder of parts, or a table in memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from data.errors import DataError, UnknownFormatError
from data.tables.formats.dialect import IsName
from data.tables.formats.files import StoredFile, stored_files
from data.tables.formats.json_lines import JsonLinesTable
from data.tables.formats.stored_table import StoredTable
from data.tables.formats.text import TextTable
from data.tables.formats.typed import FeatherTable, FirstFeatherTable, MemoryTable, ParquetTable

# What files begin with; the rest is text.
_FORMATS = (
    (re.compile(rb"PAR1"), ParquetTable),
    (re.compile(rb"ARROW1"), FeatherTable),
    (re.compile(rb"FEA1"), FirstFeatherTable),
    (re.compile(rb'(\xef\xbb\xbf)?\s*\{\s*"'), JsonLinesTable),
)
_LONGEST = 64  # bytes that tell


def open_tables(source: Any, is_name: IsName | None = None) -> list[StoredTable]:
    """The tables whose rows a source consists of, one after the other: several if it is a folder of parts.

    Args:
        source: a file, a folder of parts, or a table in memory.
        is_name: whether the first line of a text with a single column is its name; None if such a text is no table.

    Raises:
        DataError: of the subclasses that concern files and formats.
    """
    if not isinstance(source, str | Path):
        return [MemoryTable(source)]
    files = stored_files(Path(source).expanduser())
    tables: list[StoredTable] = []
    for file in files:
        try:
            tables.append(_open(file, is_name))
        except DataError as cause:
            if len(files) == 1:
                raise
            raise type(cause)(
                f"{cause} (All files in {source} are taken for parts of one table; or give one.)"
            ) from cause
        first, last = tables[0], tables[-1]
        if (last.names, type(last)) != (first.names, type(first)):
            raise UnknownFormatError(
                f"{last.name} has other columns than {first.name}, or is of another format: {_columns(last)}; "
                f"{_columns(first)}. Let a folder hold the parts of one table, or give a file of it."
            )
    return tables


def _open(file: StoredFile, is_name: IsName | None) -> StoredTable:
    beginning = file.first_bytes(_LONGEST)
    for mark, kind in _FORMATS:
        if mark.match(beginning):
            return kind(file)
    if beginning.lstrip().startswith(b"[") and ".json" in file.name.lower():
        raise UnknownFormatError(
            f"{file.name} is one JSON array; JSON is read with an object on each line. Write it so, for instance by "
            'pandas: frame.to_json("plays.jsonl", orient="records", lines=True).'
        )
    return TextTable(file, is_name)


def _columns(table: StoredTable) -> str:
    return ", ".join(f"{name:.40}" for name in (table.names or ())[:20]) or f"{table.n_columns} without names"
