"""A column as its distinct values, and for each row which of them it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.errors import MalformedRowError

Where = Callable[[int], str]
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
        try:
            encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        except pa.ArrowNotImplementedError as cause:
            raise MalformedRowError(
                f"{where(0)}: the {what} {column[0]} is of type {column.type}, neither text nor a "
                "number. Convert the column."
            ) from cause
        encoded = encoded.unify_dictionaries()
        self.size = len(encoded)
        self.distinct: pa.Array = encoded.chunk(0).dictionary
        """The distinct values, (k,), in the order in which they occur first."""
        self._codes: list[npt.NDArray[Any]] = [chunk.indices.to_numpy() for chunk in encoded.chunks]

    def each(self, values: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """For each row the one of values (k,) that belongs to its distinct value, (n,)."""
        found = np.empty(self.size, values.dtype)
        start = 0
        for codes in self._codes:
            np.take(values, codes, out=found[start : start + codes.size], mode="clip")  # others than raise copy nothing
            start += codes.size
        return found

    def first_row(self, place: int) -> int:
        """The first row that has the distinct value at a place."""
        start = 0
        for codes in self._codes:
            found = np.flatnonzero(codes == place)
            if found.size:
                return start + int(found[0])
            start += codes.size
        raise IndexError(f"there is no value {place} among {len(self.distinct)}")
