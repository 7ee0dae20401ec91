"""One column of a table as a few features of each row, which have few entries that are not zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_scalar

from recsys.artifact.cold_items.code import Code

Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Encoding:
    """The features that a column of n rows gives: a matrix (n, width) by its m entries that are not zero."""

    rows: Places  # (m,)
    features: Places  # (m,), each in 0 … width - 1
    values: npt.NDArray[np.float32]  # (m,)
    width: int
    present: Mask  # (n,), whether the row has a value
    code: Code
    """How a row that is not among the n would have them."""
    words: str
    """What was made of the column, for a person to read."""

    @property
    def constant(self) -> bool:
        """Whether all rows have the same features."""
        counts = np.bincount(self.features, minlength=self.width)
        return bool(((counts == 0) | (counts == self.present.size)).all())


@dataclass(frozen=True)
class Limits:
    """What a value has to be to get a feature of its own."""

    fewest: int
    """Rows that have it."""
    most: int
    """The most values of one column with features of their own."""

    def kept(self, counts: Places) -> Places:
        """Which values have one, by how many rows have each: those frequent enough, of too many the most frequent."""
        frequent = np.flatnonzero(counts >= self.fewest)
        return np.sort(frequent[np.argsort(-counts[frequent], kind="stable")[: self.most]])


def categories(values: pd.Series[Any], limits: Limits) -> Encoding:
    """One feature for each value, 1 where a row has it; one for all rarer values together, and one for no value.

    That a value is missing may say something itself, so it counts as a value, if a rare one: in fewer rows than
    `Limits.fewest` it has no feature, and the row has zeros.
    """
    places, written = pd.factorize(values.astype(object).where(values.notna(), "").map(str).to_numpy(object))
    named = np.array([value.strip() for value in written], object)[places]
    present = named != ""
    return _of_values(np.flatnonzero(present), named[present], ~present, limits)


def lists(values: pd.Series[Any], limits: Limits) -> Encoding:
    """Features 1 / √(number of a row's features) for each element of a row's list; one for all rarer elements together.

    An empty list has zeros, and counts as nothing said. Missing lists are as missing values of `categories`.
    """
    listed = [_elements(value) for value in values]
    rows = np.repeat(np.arange(len(listed)), [len(row or ()) for row in listed])
    elements = np.array([element for row in listed for element in row or ()], object)
    return _of_values(rows, elements, np.array([row is None for row in listed], np.bool_), limits)


def numbers(values: npt.NDArray[np.float64], limits: Limits, groups: int | Sequence[float]) -> Encoding:
    """One feature for each group of numbers, 1 where a row's is in it; NaN stands for a missing number.

    Args:
        values: the numbers, (n,).
        limits: for missing numbers: in at least `fewest` rows they are a group of their own, in fewer they are in the
            group of the median, since a column of so few rows is not worth having.
        groups: how many of equal size, at most, or where the second and further groups begin. Equal numbers are in one
            group: with r the mean rank of a number among the n present ones, from 0.5 to n − 0.5, it is in group
            ⌊groups · r / n⌋, so that a number which many rows have is not put together with others.
    """
    present = ~np.isnan(values)
    known = values[present]
    if isinstance(groups, int):
        wanted = max(min(groups, known.size // limits.fewest), 1)
        ranks = pd.Series(known).rank(method="average").to_numpy(dtype=np.float64) - 0.5
        found = np.floor(wanted * ranks / max(known.size, 1)).astype(np.int64)
    else:
        found = np.digitize(known, groups)
    distinct, inverse = np.unique(found, return_inverse=True)
    ascending, n_groups = np.argsort(known, kind="stable"), len(distinct)
    missing = n_groups
    if known.size and not _counts_as_a_value(~present, limits):
        missing = int(inverse[ascending[(known.size - 1) // 2]])
    features = np.full(values.size, missing)
    features[present] = inverse
    width = max(n_groups, 1 + features.max())
    if isinstance(groups, int):
        least = known[ascending[np.searchsorted(inverse[ascending], np.arange(1, n_groups))]]
        begins = np.nan_to_num(least)  # a new number between two groups is in the lower one
    else:
        begins = np.asarray(groups, np.float64)[distinct[1:] - 1]
    code = Code(int(width), begins=tuple(begins.tolist()), missing=missing if missing < width else None)
    ones = np.ones(values.size, np.float32)
    return Encoding(np.arange(values.size), features, ones, width, present, code, f"{n_groups} groups")


def _of_values(rows: Places, named: npt.NDArray[np.object_], missing: Mask, limits: Limits) -> Encoding:
    """The features of n rows of which rows (m,) have the values named (m,), and `missing` (n,) are without any."""
    places, values = pd.factorize(named, sort=True)
    rows, places = _distinct(rows, places, len(values))
    kept = limits.kept(np.bincount(places, minlength=len(values)))
    features = np.full(len(values), kept.size)  # the rare ones together
    features[kept] = np.arange(kept.size)
    rows, places = _distinct(rows, features[places], kept.size + 1)
    entries = 1 / np.sqrt(np.bincount(rows, minlength=missing.size).astype(np.float32)[rows])
    present = np.bincount(rows, minlength=missing.size) > 0
    words, width = f"{kept.size} values", kept.size
    rare = of_missing = None
    if (places == width).any():
        words, rare, width = f"{words} and the rarer ones together", width, width + 1
    if _counts_as_a_value(missing, limits):
        of_missing, where = width, np.flatnonzero(missing)
        rows, places = np.append(rows, where), np.append(places, np.full(where.size, width))
        entries, width = np.append(entries, np.ones(where.size, np.float32)), width + 1
    code = Code(width, tuple(values[kept].tolist()), rare=rare, missing=of_missing)
    return Encoding(rows, places, entries.astype(np.float32), width, present, code, words)


def _distinct(rows: Places, places: Places, width: int) -> tuple[Places, Places]:
    """The pairs of a row and a place below width, each once, in order."""
    pairs = np.unique(rows * width + places)
    return pairs // max(width, 1), pairs % max(width, 1)


def _counts_as_a_value(missing: Mask, limits: Limits) -> bool:
    return bool(missing.sum() >= limits.fewest)


def _elements(value: Any) -> list[str] | None:
    """The elements of a cell's list that are not missing; None where there is no list."""
    if not isinstance(value, Sequence | set | frozenset | np.ndarray) or isinstance(value, str):
        return None
    present = (str(x).strip() for x in value if isinstance(x, str) or not (is_scalar(x) and pd.isna(x)))
    return [element for element in present if element]
