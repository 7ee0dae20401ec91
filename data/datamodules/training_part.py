"""Some of the prepared ratings in both orders, such as those to train on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.prepared.arrays import StoredArray
from data.prepared.form import Prepared
from data.prepared.sorted_rows import OTHER
from data.sorted_ratings import BothOrders, SortedRatings


def part_in_both_orders(prepared: Prepared, chosen: npt.NDArray[np.integer]) -> BothOrders:
    """The rows that are chosen, (k,), in both orders; mapped where that is all of them, else 16 bytes each in memory.

    The arrays on disk are read in blocks, so no more of them is in memory.
    """
    n = prepared.manifest.n_ratings
    if chosen.size == n:
        return BothOrders(prepared.by_user, prepared.by_item)
    is_chosen = np.zeros(n, np.bool_)
    is_chosen[chosen] = True
    by_user, by_item = (_part(prepared.folder, side, is_chosen, chosen.size) for side in ("user", "item"))
    return BothOrders(by_user, by_item)


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
