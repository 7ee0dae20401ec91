"""Where a column stops being of a type."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def first_unfit(column: pa.ChunkedArray | pa.Array, kind: pa.DataType) -> int | None:
    """The first row whose value cannot be one of a type; None if all can. It takes as long as two casts of all."""
    if _fits(column, kind):
        return None
    low, high = 0, len(column)  # rows before the first one fit, and not all before the second one
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(column.slice(low, middle - low), kind):
            low = middle
        else:
            high = middle
    return low


def _fits(column: Any, kind: pa.DataType) -> bool:
    try:
        column.cast(kind)
    except pa.ArrowInvalid:
        return False
    return True
