"""How a text file writes a table: encoding, what stands between fields, and whether the first line names columns."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from data.errors import EmptyFileError, EncodingError, UnknownFormatError

_SEPARATORS = ("\t", ";", ",", "|", "::", " ")  # the first that all lines have equally often is it
_ROWS = 200  # of the beginning that are looked at
SAMPLE = 1 << 18  # bytes of the beginning

IsName = Callable[[str], bool]
Row = tuple[int, list[str]]  # the line that it begins in, from 1 on, and its fields


@dataclass(frozen=True)
class Dialect:
    """How to read a text file."""

    encoding: str
    separator: str
    """One character, or "::"."""
    header: tuple[str, ...] | None
    """Names of the columns, if the first row has them."""
    n_columns: int
    first_line: int
    """The line of the first row below the names, from 1 on."""
    first_rows: tuple[tuple[str, ...], ...]
    """Some rows below the names."""

    @property
    def has_line_ends(self) -> bool:
        """Whether a field of the first rows holds a line end."""
        return any("\n" in field or "\r" in field for row in self.first_rows for field in row)


def recognise(beginning: bytes, where: str, is_name: IsName | None = None) -> Dialect:
    """Recognise how a text is written, by its first bytes.

    A first row with a number in it, as each row of ratings has, has no names.

    Args:
        beginning: the first bytes, `SAMPLE` of them if there are so many.
        where: the file, for messages.
        is_name: whether the first line of a text with a single column is its name; None if such a text is no table.

    Raises:
        EmptyFileError: there is no line with something in it.
        EncodingError: it is no text in UTF-8, or UTF-16 with its mark.
        UnknownFormatError: nothing separates columns.
    """
    text, encoding = _decoded(beginning, where)
    samples = {mark: list(islice(rows(io.StringIO(text, newline=""), mark), _ROWS)) for mark in _SEPARATORS}
    if not samples[","]:
        raise EmptyFileError(f"{where} has no rows. Give a file that has some.")
    chosen = _separator(samples, where, is_cut=len(beginning) >= SAMPLE, may_be_list=is_name is not None)
    found = samples[chosen]
    first = found[0][1]
    header = None if any(map(_is_number, first)) else tuple(name.strip() for name in first)
    if header is not None and len(header) == 1 and is_name is not None and not is_name(header[0]):
        header = None
    if header is not None and len(found) == 1:
        raise EmptyFileError(f"{where} has no rows below its line of names, {chosen.join(header)!r:.80}.")
    return Dialect(
        encoding,
        chosen,
        header,
        n_columns=len(first),
        first_line=1 if header is None else found[1][0],
        first_rows=tuple(tuple(row) for _, row in (found if header is None else found[1:]) if len(row) == len(first)),
    )


def rows(text: Iterable[str], separator: str) -> Iterator[Row]:
    """The rows of a text, given in lines with their ends; blank lines are left out."""
    csv.field_size_limit(1 << 30)
    split = _split(text, separator) if len(separator) > 1 else _quoted(text, separator)
    for line, fields in split:
        if len(fields) > 1 or any(field.strip() for field in fields):
            yield line, fields


def _quoted(text: Iterable[str], separator: str) -> Iterator[Row]:
    reader = csv.reader(text, delimiter=separator)
    line = 1
    for fields in reader:
        yield line, fields
        line = reader.line_num + 1


def _split(text: Iterable[str], separator: str) -> Iterator[Row]:
    return ((line, each.rstrip("\r\n").split(separator)) for line, each in enumerate(text, start=1))


def _decoded(beginning: bytes, where: str) -> tuple[str, str]:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if beginning.startswith(mark):
            return beginning[2:].decode(encoding, errors="ignore"), encoding
    if b"\0" in beginning:
        raise UnknownFormatError(
            f"{where} is no text, Parquet or Feather file: it has null bytes. Save the table as one of these."
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:  # the last character may be cut off
        return decoder.decode(beginning).removeprefix("\ufeff"), "utf-8"
    except UnicodeDecodeError as cause:
        line = beginning.count(b"\n", 0, cause.start) + 1
        shown = beginning.splitlines()[line - 1][:60].decode("latin-1")
        raise EncodingError(f"{where}, line {line} is no UTF-8 text: {shown!r}. Save the file as UTF-8.") from cause


def _separator(samples: dict[str, list[Row]], where: str, *, is_cut: bool, may_be_list: bool) -> str:
    """What gives every row as many fields, three or more if possible; else what does so to most of them.

    If nothing does, and there may be a single column, what occurs in no row.
    """
    whole = {mark: found[:-1] if is_cut and len(found) > 1 else found for mark, found in samples.items()}
    counts = {mark: [len(fields) for _, fields in found] for mark, found in whole.items()}
    for least in (3, 2):
        alike = [mark for mark, each in counts.items() if min(each) >= least and len(set(each)) == 1]
        most = [
            mark
            for mark, each in counts.items()
            if each[0] >= least and sum(n == each[0] for n in each) * 2 >= len(each)
        ]
        for candidates in (alike, most):
            if candidates:
                return candidates[0]
    absent = [mark for mark, each in counts.items() if max(each) == 1]
    if may_be_list and absent:
        return absent[0]
    beginning = samples[","][0][1]
    raise UnknownFormatError(
        f"{where}: nothing separates columns in {','.join(beginning)!r:.80}. Separate them by commas, tabs, "
        "semicolons, | or ::."
    )


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return field.strip().lower() not in ("nan", "inf", "infinity")
