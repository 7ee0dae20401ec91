"""Dense indices for the ids of a column, and the ids in order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import InvalidIdError, MalformedRowError
from data.ids import Ids, StringIds


def dense_ids(
    column: pa.ChunkedArray, what: str, where: Callable[[int], str], *, are_written: bool
) -> tuple[npt.NDArray[np.int64], Ids]:
    """Indices (n,) into the distinct ids of a column, which are returned in order.

    Ids that are written in a text are whole numbers if all of them are, written as whole numbers are: 7, not 007 nor
    7.0. Else, and in a table with types, they are what they are.

    Args:
        column: the ids (n,): text or whole numbers, or a dictionary of them.
        what: "user" or "item", for messages.
        where: says where a row stands, for messages.
        are_written: whether they come from a text.

    Raises:
        MalformedRowError: an id is missing.
        InvalidIdError: ids are neither text nor whole numbers of at most 63 bits and a sign.
    """
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise MalformedRowError(f"{where(row)}: the {what} id is missing. Correct it, or remove that row.")
    if not pa.types.is_dictionary(column.type):
        column = _plain(column, what, where).dictionary_encode()
    column = column.unify_dictionaries()
    distinct = column.chunk(0).dictionary  # chunks share it
    if are_written:
        distinct = _whole_numbers(distinct)
    if pa.types.is_integer(distinct.type):
        numbers = distinct.to_numpy()
        order = np.argsort(numbers)
        ids: Ids = numbers[order].astype(np.int64)
    else:
        text = distinct.cast(pa.large_string())
        order = pc.sort_indices(text).to_numpy()
        ids = _string_ids(text.take(order))
    place = np.empty(order.size, np.int64)
    place[order] = np.arange(order.size)
    indices = np.empty(len(column), np.int64)
    start = 0
    for chunk in column.chunks:
        np.take(place, chunk.indices.to_numpy(), out=indices[start : start + len(chunk)])
        start += len(chunk)
    return indices, ids


def _plain(column: pa.ChunkedArray, what: str, where: Callable[[int], str]) -> pa.ChunkedArray:
    """The column as text or int64."""
    kind = column.type
    if pa.types.is_integer(kind):
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid as cause:
            raise InvalidIdError(f"a {what} id is more than 2^63 − 1: {cause}. Write ids as text.") from cause
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    raise InvalidIdError(
        f"{where(0)}: the {what} id {column[0]} is of type {kind}; ids are text or whole numbers. Convert the column."
    )


def _whole_numbers(text: pa.Array) -> pa.Array:
    """The ids as whole numbers if writing those gives the same text again, else as they are."""
    try:
        numbers = text.cast(pa.int64())
    except pa.ArrowInvalid:
        return text
    return numbers if numbers.cast(text.type).equals(text) else text


def _string_ids(ascending: pa.LargeStringArray) -> StringIds:
    _, offsets, text = ascending.buffers()
    n = len(ascending)
    starts = np.frombuffer(offsets, np.int64, n + 1, offset=ascending.offset * 8)
    letters = np.frombuffer(text, np.uint8)[starts[0] : starts[-1]] if text is not None else np.empty(0, np.uint8)
    return StringIds(starts - starts[0], letters)
