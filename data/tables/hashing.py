"""A hash of all that can decide what a model learns from ratings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.ids import Ids, StringIds


class InBlocks(Protocol):
    """An array that comes in blocks, one after the other, since it may be larger than memory."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of each block."""

    def __iter__(self) -> Iterator[npt.NDArray[Any]]: ...


def sha256_of(
    facts: object, arrays: Iterable[Ids | npt.NDArray[Any] | InBlocks | None], tables: Iterable[pd.DataFrame]
) -> str:
    """The SHA-256, in hexadecimal digits; an array in blocks counts as the whole one would.

    Args:
        facts: what has a `repr` that says all.
        arrays: of which all bytes count; None for one that there is not.
        tables: of which index, columns and values count.
    """
    digest = hashlib.sha256(repr(facts).encode())
    for array in arrays:
        parts: list[Any] = [array.offsets, array.text] if isinstance(array, StringIds) else [array]
        for each in parts:
            digest.update(repr(None if each is None else (each.shape, each.dtype.str)).encode())
            for block in () if each is None else [each] if isinstance(each, np.ndarray) else each:
                digest.update(np.ascontiguousarray(block).data)
    for table in tables:
        if table.shape[1]:
            digest.update(table.to_json(orient="split", date_format="iso").encode())
    return digest.hexdigest()
