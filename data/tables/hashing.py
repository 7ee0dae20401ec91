"""A hash of all that can decide what a model learns from ratings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.ids import Ids, StringIds


def sha256_of(facts: object, arrays: Iterable[Ids | npt.NDArray[Any] | None], tables: Iterable[pd.DataFrame]) -> str:
    """The SHA-256, in hexadecimal digits.

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
            if each is not None:
                digest.update(np.ascontiguousarray(each).data)
    for table in tables:
        if table.shape[1]:
            digest.update(table.to_json(orient="split", date_format="iso").encode())
    return digest.hexdigest()
