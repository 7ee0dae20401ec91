"""Where a row of a table stands in its files, for messages: looked for only when there is something to say of it."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from data.tables.dialect import Dialect, fields
from data.tables.files import StoredFile


@dataclass(frozen=True)
class Part:
    """One of the files that rows come from, in order."""

    file: StoredFile | None
    """None for a table in memory."""
    name: str
    n_rows: int
    dialect: Dialect | None = None
    """Of a text file."""


def place(parts: Sequence[Part], row: int) -> str:
    """The file and line of a row, counted from 0 over all parts; of what has no lines, the number of the row from 1."""
    for part in parts:
        if row < part.n_rows:
            break
        row -= part.n_rows
    if part.file is not None and part.dialect is not None:
        for number, (line, _) in enumerate(lines(part.file, part.dialect)):
            if number == row:
                return f"{part.name}, line {line}"
    return f"{part.name}, row {row + 1}"


def lines(file: StoredFile, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Every row of a text file: the line it begins in, from 1 on, and its fields."""
    with file.open() as stream:
        text = io.TextIOWrapper(io.BufferedReader(_Reader(stream)), dialect.encoding, errors="replace", newline="")
        rows = _split(text, dialect.separator) if len(dialect.separator) > 1 else _quoted(text, dialect.separator)
        named = dialect.header is not None
        for line, row in rows:
            if row and not (len(row) == 1 and not row[0].strip()):
                if named:
                    named = False
                else:
                    yield line, row


def _quoted(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(1 << 30)
    reader = csv.reader(text, delimiter=separator)
    line = 1
    for row in reader:
        yield line, row
        line = reader.line_num + 1


def _split(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    for line, row in enumerate(text, start=1):
        yield line, fields(row.rstrip("\r\n"), separator)


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
