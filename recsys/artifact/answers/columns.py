"""Columns of a table in memory: of pandas, polars, Arrow or numpy, or a dict; imports none of the libraries."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data.columns import Wanted, by_usual_names
from recsys.artifact.times import UNKNOWN

_PAIRS = Wanted(("user", "item"), ("time",), option=None)


class Asked(NamedTuple):
    """Pairs that are asked for: original ids (n,) each, and when they are rated, (n,), where the table says it."""

    users: npt.NDArray[Any]
    items: npt.NDArray[Any]
    times: npt.NDArray[Any] | None


def pairs_of(table: Any, *, with_times: bool) -> Asked:
    """The columns of users, items and, if wanted and there, times, by the names that they usually have.

    Raises:
        TypeError: the table has no columns by name.
        ColumnError: a column is missing, or there are several that may be meant.
    """
    names = _names(table)
    chosen = by_usual_names([str(name) for name in names], {}, f"the {type(table).__name__}", _PAIRS)
    column = {str(name): name for name in names}
    times = _seconds(table[column[chosen["time"]]]) if with_times and "time" in chosen else None
    return Asked(ids_of(table[column[chosen["user"]]]), ids_of(table[column[chosen["item"]]]), times)


def ids_of(column: npt.ArrayLike) -> npt.NDArray[Any]:
    """Ids of a column, or one id, as an array (n,); whole numbers that it holds as objects become an array of these."""
    ids = np.atleast_1d(np.asarray(column))
    return np.array(ids.tolist()) if ids.dtype == object and all(type(each) is int for each in ids) else ids


def _names(table: Any) -> list[Any]:
    if getattr(getattr(table, "dtype", None), "names", None):
        return list(table.dtype.names)
    for says_names in ("column_names", "columns", "keys"):  # of Arrow; of pandas and polars; of a dict
        names = getattr(table, says_names, None)
        if names is not None:
            return list(names() if callable(names) else names)
    raise TypeError(f"a table with columns by name is needed, or ids of users and ids of items, not {type(table)}")


def _seconds(column: npt.ArrayLike) -> npt.NDArray[Any]:
    """Times in whole seconds since 1970, UTC; those of numpy's type become these."""
    times = np.asarray(column)
    if times.dtype.kind != "M":
        return times
    return np.where(np.isnat(times), UNKNOWN, times.astype("datetime64[s]").astype(np.int64))
