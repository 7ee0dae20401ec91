"""How a text file writes a table: encoding, what stands between fields, and whether the first line names columns."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass

from data.errors import EmptyFileError, EncodingError, UnknownFormatError

_SEPARATORS = ("\t", ";", ",", "|", "::", " ")  # the first that all lines have equally often is it
_LINES = 200  # of the beginning that are looked at
SAMPLE = 1 << 18  # bytes of the beginning


@dataclass(frozen=True)
class Dialect:
    """How to read a text file."""

    encoding: str
    separator: str
    """One character, or "::"."""
    header: tuple[str, ...] | None
    """Names of the columns, if the first line has them."""
    n_columns: int
    has_quotes: bool
    """Whether there are quotes in the beginning, so that a field may hold separators and line ends."""


def recognise(beginning: bytes, where: str, least: int = 3) -> Dialect:
    """Recognise how a text of at least so many columns is written, by its first bytes.

    A first line with a number in it, as each row of ratings has, has no names.

    Raises:
        EmptyFileError: there is no line with something in it.
        EncodingError: it is no text in UTF-8, or UTF-16 with its mark.
        UnknownFormatError: nothing separates so many columns.
    """
    text, encoding = _decoded(beginning, where)
    lines = [line for line in text.splitlines()[:_LINES] if line.strip()]
    if not lines:
        raise EmptyFileError(f"{where} has no rows.")
    chosen = _separator(lines, where, least)
    first = fields(lines[0], chosen)
    header = None if any(map(_is_number, first)) else tuple(name.strip() for name in first)
    return Dialect(encoding, chosen, header, len(first), '"' in text)


def fields(line: str, separator: str) -> list[str]:
    """The fields of one line."""
    if len(separator) > 1:
        return line.split(separator)
    return next(csv.reader(io.StringIO(line), delimiter=separator), [])


def _decoded(beginning: bytes, where: str) -> tuple[str, str]:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if beginning.startswith(mark):
            return beginning[2:].decode(encoding, errors="ignore").removeprefix("\ufeff"), encoding
    if b"\0" in beginning:
        raise UnknownFormatError(f"{where} is no text: it has null bytes. Give a file of one of the known formats.")
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:  # the last character may be cut off
        return decoder.decode(beginning).removeprefix("\ufeff"), "utf-8"
    except UnicodeDecodeError as cause:
        line = beginning.count(b"\n", 0, cause.start) + 1
        raise EncodingError(f"{where}, line {line} is no UTF-8 text: {cause}. Save the file as UTF-8.") from cause


def _separator(lines: list[str], where: str, least: int) -> str:
    """What gives every line as many fields; else what does so to most of them."""
    whole = lines if len(lines) < 3 else lines[:-1]  # the last one may be cut off
    counts = {mark: [len(fields(line, mark)) for line in whole] for mark in _SEPARATORS}
    alike = [mark for mark, found in counts.items() if min(found) >= least and len(set(found)) == 1]
    many = [
        mark
        for mark, found in counts.items()
        if found[0] >= least and sum(n == found[0] for n in found) * 2 > len(found)
    ]
    for candidates in (alike, many):
        if candidates:
            return candidates[0]
    raise UnknownFormatError(
        f"{where}: nothing separates at least {least} columns in {lines[0]!r:.80}. Separate them by "
        "commas, tabs, semicolons, | or ::."
    )


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.strip().lower() not in ("nan", "inf", "infinity")
