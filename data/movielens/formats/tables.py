"""Read the table of items or of users that comes with a data set."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import (
    DuplicateIdError,
    EmptyFileError,
    EncodingError,
    InvalidIdError,
    MalformedRowError,
    UnlistedIdError,
)
from data.movielens.catalogue import Row, TableFile
from data.movielens.checksums import expect_sha256
from data.movielens.formats.table_rows import Item, User
from data.movielens.formats.text_files import encoding_of, end_of_text

_REMEDY = "Get the file from the publisher again, or correct that line."


def read_items(file: TableFile[Item], content: bytes, ids: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return title (str), year (Int64, may be missing) and genres (tuple of str) of items `ids`, in order.

    Raises:
        DataError: of the subclasses that concern rows and files.
    """
    table = pd.DataFrame(_rows(file, content), columns=list(Item._fields)).astype({"year": "Int64"})
    return _of(ids, table.set_index("item_id"), file)


def read_users(file: TableFile[User], content: bytes, ids: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Return age (int64), gender, occupation and zip_code (str) of the users `ids`, in order.

    Raises:
        DataError: of the subclasses that concern rows and files.
    """
    table = pd.DataFrame(_rows(file, content), columns=list(User._fields))
    return _of(ids, table.set_index("user_id"), file)


def _rows(file: TableFile[Row], content: bytes) -> list[Row]:
    """Parse a whole file, so that its rows have distinct ids of 0 or more."""
    if file.sha256 is not None:
        expect_sha256(content, file.sha256, file.name)
    rows: dict[int, Row] = {}
    for number, line in _numbered_lines(file, content):
        try:
            row = file.read_row(_fields(line, file.separator))
        except (ValueError, csv.Error) as error:
            raise MalformedRowError(f"{file.name}, line {number}: {error}. {_REMEDY}") from error
        if row[0] < 0:
            raise InvalidIdError(f"{file.name}, line {number}: the id {row[0]} is negative. {_REMEDY}")
        if row[0] in rows:
            raise DuplicateIdError(f"{file.name}, line {number}: the id {row[0]} occurs a second time. {_REMEDY}")
        rows[row[0]] = row
    if not rows:
        raise EmptyFileError(f"{file.name} has no rows. Get the file from the publisher again.")
    return list(rows.values())


def _numbered_lines(file: TableFile[Row], content: bytes) -> Iterator[tuple[int, str]]:
    # bytes.splitlines() knows only the line ends that files have; that of str would also split at
    # characters such as U+0085, which are part of a title.
    encoding = encoding_of(content, file.encoding)
    for number, line in enumerate(content[: end_of_text(content)].splitlines(), start=1):
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError as error:
            raise EncodingError(f"{file.name}, line {number} is not {encoding} text: {error}. {_REMEDY}") from error
        if number == 1 and file.header is not None:
            if text != file.header:
                raise MalformedRowError(f"{file.name}, line 1 is {text!r} instead of {file.header!r}. {_REMEDY}")
        else:
            yield number, text


def _fields(line: str, separator: str) -> list[str]:
    if separator == ",":
        return next(csv.reader([line], strict=True), [])
    return line.split(separator)


def _of(ids: npt.NDArray[np.int64], table: pd.DataFrame, file: TableFile[Row]) -> pd.DataFrame:
    """Pick the rows of `ids`; the tables also list items that nobody has rated."""
    unlisted = np.setdiff1d(ids, table.index.to_numpy())
    if unlisted.size:
        raise UnlistedIdError(
            f"{file.name} has no line for id {unlisted[0]} and {unlisted.size - 1} others that occur in the "
            "ratings. Use the tables and ratings of one and the same data set."
        )
    return table.loc[ids]
