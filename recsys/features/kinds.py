"""Of what kind the values of a table's column are."""

from __future__ import annotations

import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api import types


class Kind(Enum):
    """What the features of a column are made by."""

    CATEGORIES = "categories"
    LISTS = "lists"
    NUMBERS = "numbers"
    DATES = "dates"


_OF_CELLS: tuple[tuple[Kind, tuple[type, ...]], ...] = (  # the first kind that all cells are of; else categories
    (Kind.CATEGORIES, (bool, np.bool_)),  # not numbers, which they are to Python
    (Kind.NUMBERS, (int, float, Decimal, np.number)),
    (Kind.DATES, (datetime.date, np.datetime64)),  # a datetime is a date to Python
    (Kind.LISTS, (list, tuple, set, frozenset, np.ndarray)),
)


def kind_of(values: pd.Series[Any]) -> Kind:
    """The kind of a column, by its dtype, or by its cells where that says nothing; missing ones do not count."""
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype) or types.is_bool_dtype(dtype):
        return Kind.CATEGORIES
    if types.is_datetime64_any_dtype(dtype) or types.is_timedelta64_dtype(dtype):
        return Kind.DATES
    if types.is_numeric_dtype(dtype) and not types.is_complex_dtype(dtype):
        return Kind.NUMBERS
    cells = list(values.dropna())
    matching = (kind for kind, of in _OF_CELLS if cells and all(isinstance(cell, of) for cell in cells))
    return next(matching, Kind.CATEGORIES)


def as_numbers(values: pd.Series[Any], kind: Kind) -> npt.NDArray[np.float64]:
    """The values (n,) of a column of numbers or dates, dates in seconds since 1970, NaN where one is missing."""
    if kind is Kind.DATES and not types.is_timedelta64_dtype(values.dtype):
        values = pd.to_datetime(values, utc=True) - pd.Timestamp(0, tz="UTC")
    if kind is Kind.DATES:
        values = values.dt.total_seconds()
    floats = values.map(float, na_action="ignore").to_numpy(dtype=np.float64, na_value=np.nan)
    return np.asarray(floats, np.float64)
