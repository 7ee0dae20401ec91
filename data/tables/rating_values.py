"""The ratings of a column, as numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import MalformedRowError
from data.tables.casts import first_unfit
from data.tables.coded import Coded, Where

_LARGEST = float(np.finfo(np.float32).max)


def distinct_ratings(coded: Coded, where: Where) -> npt.NDArray[np.float64]:
    """The distinct ratings as finite numbers, (k,).

    Args:
        coded: the ratings: numbers, or text in which they are written.
        where: says where a row stands, for messages.

    Raises:
        MalformedRowError: one is no number, or not finite in 32 bits.
    """
    kind = coded.distinct.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        values = _numbers(coded, where)
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = coded.distinct.cast(pa.float64(), safe=False).to_numpy()
    else:
        raise MalformedRowError(
            f"{where(0)}: the rating {coded.distinct[0]} is of type {kind}. Convert the column to numbers."
        )
    finite = np.abs(values) <= _LARGEST  # also of NaN
    if not finite.all():
        place = int(np.argmin(finite))
        raise MalformedRowError(
            f"{where(coded.first_row(place))}: the rating {coded.distinct[place]} is not a finite number. "
            "Correct it, or remove that row."
        )
    return values


def _numbers(coded: Coded, where: Where) -> npt.NDArray[np.float64]:
    text = pc.utf8_trim_whitespace(coded.distinct)
    if (place := first_unfit(text, pa.float64())) is None:
        values: npt.NDArray[np.float64] = text.cast(pa.float64()).to_numpy()
        return values
    decimals = " Write decimals with a point." if "," in text[place].as_py() else ""
    raise MalformedRowError(
        f"{where(coded.first_row(place))}: the rating {coded.distinct[place].as_py()!r:.60} is not a number.{decimals} "
        "Correct it, or remove that row."
    )
