"""Read a ratings file and check every row of it.

A good file takes a few passes over whole columns, so that tens of millions of rows take seconds. The line
at fault is looked for only when one of these finds that there is one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import (
    DuplicateRatingError,
    EmptyFileError,
    InvalidIdError,
    MalformedRowError,
    RatingOutsideScaleError,
)
from data.movielens.catalogue import RatingsFile
from data.movielens.checksums import expect_sha256
from data.movielens.formats.text_files import end_of_text
from data.ratings import RatingScale

_COLUMNS = ("user id", "item id", "rating", "timestamp")
_REMEDY = "Get the file from the publisher again, or correct that line."


@dataclass(frozen=True, eq=False)
class RatingRows:
    """The n ratings of a file, in its order, with dense indices in place of ids."""

    users: npt.NDArray[np.int64]  # (n,), each in 0 .. n_users - 1
    items: npt.NDArray[np.int64]  # (n,), each in 0 .. n_items - 1
    values: npt.NDArray[np.float32]  # (n,), in stars
    timestamps: npt.NDArray[np.int64]  # (n,), in seconds since the epoch
    user_ids: npt.NDArray[np.int64]  # (n_users,), ascending
    item_ids: npt.NDArray[np.int64]  # (n_items,), ascending
    sha256: str


def read_ratings(file: RatingsFile, content: bytes, scale: RatingScale) -> RatingRows:
    """Return the ratings of a file, all of them sound.

    What concerns a line names the first one that is at fault.

    Raises:
        ChecksumError: the rows do not have the checksum of the file.
        EmptyFileError: there are no rows.
        MalformedRowError: a line does not have the file's format.
        InvalidIdError: a line has a negative id.
        RatingOutsideScaleError: a line has a rating that is not on the scale.
        DuplicateRatingError: a line rates what the same user has rated in an earlier one.
    """
    start = _end_of_header(file, content)
    if (end := end_of_text(content)) < len(content):
        content = content[:end]
    rows = memoryview(content)[start:]  # a copy would cost most of a gigabyte for the largest data set
    if file.rows_sha256 is not None:
        expect_sha256(rows, file.rows_sha256, file.name)
    if not len(rows):
        raise EmptyFileError(f"{file.name} has no ratings. Get the file from the publisher again.")

    frame = _parse(file, content, start)
    first_line = 1 if file.header is None else 2
    _check_ids(file, frame, first_line)
    values = _on_scale(file, frame, scale, first_line)
    users, user_ids = pd.factorize(frame["user id"].to_numpy(), sort=True)
    items, item_ids = pd.factorize(frame["item id"].to_numpy(), sort=True)
    _check_pairs(file, users * item_ids.size + items, frame, first_line)
    return RatingRows(
        users=users.astype(np.int64, copy=False),
        items=items.astype(np.int64, copy=False),
        values=values,
        timestamps=frame["timestamp"].to_numpy(),
        user_ids=user_ids,
        item_ids=item_ids,
        sha256=hashlib.sha256(rows).hexdigest(),
    )


def _end_of_header(file: RatingsFile, content: bytes) -> int:
    """Return the offset of the first rating."""
    if file.header is None:
        return 0
    newline = content.find(b"\n")
    end = len(content) if newline < 0 else newline
    if content[:end].rstrip(b"\r") != file.header:
        raise MalformedRowError(
            f"{file.name}, line 1 is {_shown(content[:end])} instead of {_shown(file.header)}. {_REMEDY}"
        )
    return end + 1


def _parse(file: RatingsFile, content: bytes, start: int) -> pd.DataFrame:
    """Turn the lines from offset `start` on into columns of numbers, or raise MalformedRowError."""
    if content.find(b"\0", start) >= 0:  # some versions of pandas read over it
        raise _first_malformed(file, content, start, "there is a null byte")
    rows, separator = content, file.separator
    if len(separator) > 1:  # more than pandas' fast parser takes
        rows, separator = content.replace(separator, b"\t"), b"\t"
    try:
        # "raise": numpy would only warn of numbers that are too large for their column.
        with np.errstate(invalid="raise"):
            frame = pd.read_csv(
                io.BytesIO(rows),
                sep=separator.decode(),
                header=None,
                skiprows=0 if file.header is None else 1,
                names=list(_COLUMNS),
                dtype={"user id": np.int64, "item id": np.int64, "rating": np.float64, "timestamp": np.int64},
                engine="c",
                na_filter=False,
                skip_blank_lines=False,  # so that row and line numbers stay in step
                quoting=csv.QUOTE_NONE,
            )
    except (ValueError, ArithmeticError) as error:
        raise _first_malformed(file, content, start, str(error)) from error
    # Missing fields make pandas fail; surplus ones in every row it takes for an index.
    if content.count(file.separator, start) != (len(_COLUMNS) - 1) * len(frame):
        raise _first_malformed(file, content, start, "there are surplus fields")
    return frame


def _check_ids(file: RatingsFile, frame: pd.DataFrame, first_line: int) -> None:
    for column in ("user id", "item id"):
        ids = frame[column].to_numpy()
        if ids.min() < 0:
            row = int(np.argmax(ids < 0))
            raise InvalidIdError(
                f"{file.name}, line {first_line + row}: the {column} {ids[row]} is negative. {_REMEDY}"
            )


def _on_scale(file: RatingsFile, frame: pd.DataFrame, scale: RatingScale, first_line: int) -> npt.NDArray[np.float32]:
    """Return the ratings, each the nearest step of the scale, or raise RatingOutsideScaleError."""
    values = frame["rating"].to_numpy()
    nearest, sound = scale.nearest(values)
    if not sound.all():
        row = int(np.argmin(sound))
        raise RatingOutsideScaleError(
            f"{file.name}, line {first_line + row}: the rating {values[row]:.10g} is none of {scale}. {_REMEDY}"
        )
    return nearest.astype(np.float32)


def _check_pairs(file: RatingsFile, pairs: npt.NDArray[np.int64], frame: pd.DataFrame, first_line: int) -> None:
    """Raise DuplicateRatingError if a number, that of a user and an item, occurs twice in `pairs`."""
    repeated = pd.Series(pairs).duplicated().to_numpy()
    if repeated.any():
        row = int(np.argmax(repeated))
        before = int(np.argmax(pairs == pairs[row]))
        user, item = frame["user id"].iloc[row], frame["item id"].iloc[row]
        raise DuplicateRatingError(
            f"{file.name}, line {first_line + row}: user {user} rates item {item} again, after line "
            f"{first_line + before}. {_REMEDY}"
        )


def _first_malformed(file: RatingsFile, content: bytes, start: int, reason: str) -> MalformedRowError:
    """Describe the first line that is not four numbers, or give `reason` if all of them seem to be."""
    first_line = 1 if file.header is None else 2
    for number, line in enumerate(content[start:].splitlines(), start=first_line):
        fields = line.split(file.separator)
        if len(fields) != len(_COLUMNS):
            problem = f"{len(fields)} fields instead of {len(_COLUMNS)} in {_shown(line)}"
            return MalformedRowError(f"{file.name}, line {number}: {problem}. {_REMEDY}")
        for column, field in zip(_COLUMNS, fields, strict=True):
            if not _NUMBER[column].fullmatch(field):
                kind = "a finite number" if column == "rating" else "a whole number"
                problem = f"the {column} {_shown(field)} is not {kind}"
                return MalformedRowError(f"{file.name}, line {number}: {problem}. {_REMEDY}")
    return MalformedRowError(f"{file.name} cannot be read: {reason}. Get the file from the publisher again.")


def _shown(raw: bytes) -> str:
    """Quote what a file says, whatever bytes it has, and at a length that suits a message."""
    return repr(raw if len(raw) <= 60 else raw[:60] + b"...").removeprefix("b")


_WHOLE_NUMBER = re.compile(rb"-?\d{1,18}")  # 18 digits always fit an int64
_NUMBER = {
    "user id": _WHOLE_NUMBER,
    "item id": _WHOLE_NUMBER,
    "rating": re.compile(rb"-?\d+(\.\d+)?"),
    "timestamp": _WHOLE_NUMBER,
}
