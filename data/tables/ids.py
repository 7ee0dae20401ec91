"""Dense indices for the ids of a column, and the ids in order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import InvalidIdError
from data.ids import Ids, StringIds
from data.tables.coded import Coded, Where


def dense_ids(
    column: pa.ChunkedArray, what: str, where: Where, *, are_written: bool
) -> tuple[npt.NDArray[np.int64], Ids]:
    """Indices (n,) into the distinct ids of a column, which are returned in order.

    Ids that are written in a text are whole numbers if all of them are, written as whole numbers are: 7, not 007 nor
    7.0. Else, and in a table with types, they are what they are.

    Args:
        column: the ids (n,): text or whole numbers, or a dictionary of them as `Coded` takes it.
        what: "user" or "item", for messages.
        where: says where a row stands, for messages.
        are_written: whether they come from a text.

    Raises:
        MalformedRowError: an id is missing.
        InvalidIdError: ids are neither text nor whole numbers of at most 63 bits and a sign.
    """
    if not are_written and (largest := _largest_of_small(column)) is not None:
        return _counted(column, largest)
    coded = Coded(column, f"{what} id", where)
    place, ids = in_order(distinct_ids(coded, what, where, are_written=are_written), are_written=are_written)
    return coded.each(place), ids


def distinct_ids(coded: Coded, what: str, where: Where, *, are_written: bool) -> pa.Array:
    """The distinct ids of a column, (k,), as text or int64; those of a text as they are written.

    Raises:
        InvalidIdError: as `dense_ids`.
    """
    return coded.distinct if are_written else _plain(coded, what, where)


def in_order(distinct: pa.Array, *, are_written: bool) -> tuple[npt.NDArray[np.int64], Ids]:
    """For each of the distinct ids (k,) its place among all in order, (k,), and all in order.

    Args:
        distinct: text or int64.
        are_written: whether they come from a text: then they are whole numbers if all are written as such.
    """
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
    return place, ids


def _largest_of_small(column: pa.ChunkedArray) -> int | None:
    """The largest of whole numbers from 0 on, if it is less than how many there are, and none is missing."""
    if not pa.types.is_integer(column.type) or column.null_count:
        return None
    ends = pc.min_max(column)
    return ends["max"].as_py() if 0 <= ends["min"].as_py() <= ends["max"].as_py() < len(column) else None


def _counted(column: pa.ChunkedArray, largest: int) -> tuple[npt.NDArray[np.int64], Ids]:
    """`dense_ids` of small numbers, by an array of all that may occur: in a fraction of the time of a hash table."""
    occurs = np.zeros(largest + 1, np.bool_)
    for chunk in column.chunks:
        occurs[chunk.to_numpy()] = True
    place = np.cumsum(occurs) - 1
    indices = np.empty(len(column), np.int64)
    start = 0
    for chunk in column.chunks:
        small = chunk.to_numpy().astype(np.intp, copy=False)  # numpy 2.0 takes no places of uint64
        np.take(place, small, out=indices[start : start + len(chunk)], mode="clip")  # other modes copy first
        start += len(chunk)
    return indices, np.flatnonzero(occurs)


def _plain(coded: Coded, what: str, where: Where) -> pa.Array:
    """The distinct ids as text or int64."""
    kind = coded.distinct.type
    if pa.types.is_unsigned_integer(kind):
        numbers = coded.distinct.to_numpy()
        if (beyond := numbers > np.iinfo(np.int64).max).any():
            place = int(np.argmax(beyond))
            raise InvalidIdError(
                f"{where(coded.first_row(place))}: the {what} id {numbers[place]} is more than 2^63 − 1. "
                "Write ids as text."
            )
    if pa.types.is_integer(kind):
        return coded.distinct.cast(pa.int64())
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return coded.distinct
    raise InvalidIdError(
        f"{where(0)}: the {what} id {coded.distinct[0]} is of type {kind}. Ids are text or whole numbers: convert the "
        "column to one of these."
    )


def _whole_numbers(text: pa.Array) -> pa.Array:
    """The ids as whole numbers if writing those gives the same text again, else as they are."""
    try:
        text[:1].cast(pa.int64())  # a cast that fails goes on to the last id
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
