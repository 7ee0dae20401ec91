"""A column as its distinct values, and for each row which of them it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.errors import MalformedRowError

Where = Callable[[int], str]
Codes = npt.NDArray[np.integer[Any]]
Value = TypeVar("Value", bound=np.generic)


class Coded:
    """What is said of each distinct value, once, is said of all rows."""

    def __init__(self, column: pa.ChunkedArray, what: str, where: Where) -> None:
        """Find the distinct values of a column.

        Args:
            column: n ≥ 1 values; a dictionary of them has each once, and none that no row has.
            what: they are, for messages.
            where: says where a row stands, for messages.

        Raises:
            MalformedRowError: a value is missing.
        """
        if column.null_count:
            row = column.is_null().index(True).as_py()
            raise MalformedRowError(f"{where(row)}: the {what} is missing. Correct it, or remove that row.")
        self.size = len(column)
        if pa.types.is_dictionary(column.type):
            # Each chunk has a dictionary of its own. To encode those takes less than to encode all rows anew.
            local = [chunk.dictionary for chunk in column.chunks]
            encoded = pa.chunked_array(local).dictionary_encode().combine_chunks()
            ends = np.cumsum([len(each) for each in local])
            places: Sequence[Codes | None] = np.split(encoded.indices.to_numpy(), ends[:-1])
            chunks = column.chunks
        else:
            chunks = _encoded(column, what, where).chunks
            encoded, places = chunks[0], [None] * len(chunks)
        self.distinct: pa.Array = encoded.dictionary
        """The distinct values, (k,), in the order in which they occur first."""
        self._parts = [(chunk.indices.to_numpy(), place) for chunk, place in zip(chunks, places, strict=True)]

    def each(self, values: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """For each row the one of values (k,) that belongs to its distinct value, (n,)."""
        found = np.empty(self.size, values.dtype)
        start = 0
        for codes, places in self._parts:
            of_codes = values if places is None else values[places]
            np.take(of_codes, codes, out=found[start : start + codes.size], mode="clip")  # other modes copy first
            start += codes.size
        return found

    def first_row(self, place: int) -> int:
        """The first row that has the distinct value at a place."""
        start = 0
        for codes, places in self._parts:
            found = np.flatnonzero((codes if places is None else places[codes]) == place)
            if found.size:
                return start + int(found[0])
            start += codes.size
        raise IndexError(f"there is no value {place} among {len(self.distinct)}")


def _encoded(column: pa.ChunkedArray, what: str, where: Where) -> pa.ChunkedArray:
    """A column with one dictionary for all chunks."""
    try:
        return column.dictionary_encode()
    except pa.ArrowNotImplementedError as cause:
        raise MalformedRowError(
            f"{where(0)}: the {what} {column[0]} is of type {column.type}, neither text nor a "
            "number. Convert the column."
        ) from cause
