"""Ratings and times that come in blocks: first as they are written, then on their scale and in seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.prepared.arrays import StoredArray, written
from data.ratings import RatingScale
from data.tables.coded import Coded, Where
from data.tables.rating_values import distinct_ratings
from data.tables.scale import outside_scale, rating_scale
from data.tables.times import Unit, require_usual_years, whole_times, written_otherwise

_MOST_DISTINCT = 1 << 20  # ratings that are looked at for a step; no scale has so many


class RatingBlocks:
    """The ratings of all rows, of which memory holds some distinct ones."""

    def __init__(self, scratch: Path, files: ExitStack) -> None:
        """Open a file for them in a folder; `files` closes it, after the last block."""
        self._path = scratch / "ratings.npy"
        self._append: Callable[[npt.NDArray[Any]], None] = files.enter_context(written(self._path, np.float64))
        self._distinct = np.empty(0)

    def add(self, column: pa.ChunkedArray, where: Where) -> None:
        """Take the next block.

        Raises:
            MalformedRowError: a rating is missing, or no finite number.
        """
        coded = Coded(column, "rating", where)
        distinct = distinct_ratings(coded, where)
        self._append(coded.each(distinct))
        if self._distinct.size > _MOST_DISTINCT:
            distinct = np.array([distinct.min(), distinct.max()])
        self._distinct = np.union1d(self._distinct, distinct)

    def scale(self, given: str | Sequence[float] | None) -> RatingScale:
        """The scale, as it is given or as the ratings show it.

        Raises:
            OptionError, RatingOutsideScaleError: as `data.tables.scale.rating_scale`.
        """
        return rating_scale(self._distinct, given)

    def on(self, scale: RatingScale, place: Where) -> Iterator[npt.NDArray[np.float32]]:
        """Each rating as the step of the scale that it stands for, in blocks; then the file is removed.

        Raises:
            RatingOutsideScaleError: one is on no step.
        """
        start = 0
        for block in StoredArray(self._path, np.float64):
            nearest, sound = scale.nearest(block)
            if not sound.all():
                row = int(np.argmin(sound))
                raise outside_scale(place(start + row), block[row], scale, self._distinct)
            yield nearest.astype(np.float32)
            start += block.size
        self._path.unlink()


class TimeBlocks:
    """The times of all rows, of which memory holds the largest."""

    def __init__(self, scratch: Path, files: ExitStack) -> None:
        """Open a file for them in a folder; `files` closes it, after the last block."""
        self._path = scratch / "times.npy"
        self._append: Callable[[npt.NDArray[Any]], None] = files.enter_context(written(self._path, np.int64))
        self._are_numbers: bool | None = None
        self._largest = 0

    def add(self, column: pa.ChunkedArray, where: Where) -> None:
        """Take the next block.

        Raises:
            MalformedRowError: a time is missing, is none, lies before 1970, or is a number and those before are dates.
        """
        times, are_numbers = whole_times(column, where)
        if self._are_numbers not in (None, are_numbers):
            raise written_otherwise(where(0), column[0].as_py())
        if are_numbers:
            require_usual_years(np.minimum(times, 0), where, column)  # how large they may be, their unit will show
        else:
            require_usual_years(times, where, column)
        self._are_numbers = are_numbers
        self._largest = max(self._largest, int(times.max()))
        self._append(times)

    def seconds(self, place: Where) -> Iterator[npt.NDArray[np.int64]]:
        """The times in seconds, in blocks; then the file is removed.

        Raises:
            MalformedRowError: one lies outside the years 1970 to 9999.
        """
        unit = Unit() if self._are_numbers else Unit(1)
        start = 0
        for block in StoredArray(self._path, np.int64):
            times = unit.seconds(block, self._largest)
            require_usual_years(times, partial(_below, place, start), block)
            yield times
            start += block.size
        self._path.unlink()


def _below(place: Where, start: int, row: int) -> str:
    return place(start + row)
