"""Some of the prepared ratings in both orders, such as those to train on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from data.prepared.arrays import StoredArray
from data.prepared.form import Prepared
from data.prepared.sorted_rows import OTHER
from data.sorted_ratings import SortedRatings

Side = Literal["user", "item"]


def part_in_order(prepared: Prepared, side: Side, chosen: npt.NDArray[np.integer]) -> SortedRatings:
    """The rows that are chosen, (k,), in order of a side: mapped where that is all, else 8 bytes each in memory.

    The arrays on disk are read in blocks, so no more of them is in memory.
    """
    n = prepared.manifest.n_ratings
    if chosen.size == n:
        return prepared.by_user if side == "user" else prepared.by_item
    is_chosen = np.zeros(n, np.bool_)
    is_chosen[chosen] = True
    return _part(prepared.folder, side, is_chosen, chosen.size)


def first_rows(
    prepared: Prepared, n: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Users, items and ratings, (n,) each, of the first n rows; they are read and not mapped."""
    files = (prepared.folder / f"{name}.npy" for name in ("users", "items", "ratings"))
    found = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.float32)
    for file, array in zip(files, found, strict=True):
        assert isinstance(array, np.ndarray)
        place = 0
        for block in StoredArray(file, array.dtype.type):
            end = min(place + block.size, n)
            array[place:end] = block[: end - place]
            place = end
    return found


def _part(folder: Path, side: str, is_chosen: npt.NDArray[np.bool_], size: int) -> SortedRatings:
    of_side = folder / f"by_{side}"
    starts = np.load(of_side / "starts.npy")
    others, values = np.empty(size, np.int32), np.empty(size, np.float32)
    before, place = 0, 0  # in the arrays on disk, and among those that are chosen
    chosen_before = np.zeros_like(starts)  # of each start
    blocks = zip(
        StoredArray(of_side / f"{OTHER[side]}s.npy", np.int32),
        StoredArray(of_side / "ratings.npy", np.float32),
        StoredArray(of_side / "rows.npy", np.int64),
        strict=True,
    )
    for of_others, of_values, rows in blocks:
        kept = is_chosen[rows]
        until = np.append(0, kept.cumsum())
        here = slice(*np.searchsorted(starts, (before, before + rows.size), side="right"))
        chosen_before[here] = place + until[starts[here] - before]
        end = place + int(until[-1])
        others[place:end], values[place:end] = of_others[kept], of_values[kept]
        before, place = before + rows.size, end
    return SortedRatings(chosen_before, others, values)
