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


def part_in_order(
    prepared: Prepared, side: Side, chosen: npt.NDArray[np.integer], of_users: range, size: int
) -> SortedRatings:
    """Of the rows that are chosen, (k,), the `size` of a range of users, in order of a side; the users count from 0.

    Mapped where that is all, else 8 bytes each in memory: the arrays on disk are read in blocks.
    """
    n, n_users = prepared.manifest.n_ratings, prepared.manifest.n_users
    if chosen.size == n and len(of_users) == n_users:
        return prepared.by_user if side == "user" else prepared.by_item
    return _part(prepared.folder, side, _mask(n, chosen), of_users, size)


def counts_of_users(prepared: Prepared, chosen: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """How many of the rows that are chosen, (k,), each user has, (n_users,)."""
    is_chosen = _mask(prepared.manifest.n_ratings, chosen)
    counts, place = np.zeros(prepared.manifest.n_users, np.int64), 0
    for users in StoredArray(prepared.folder / "users.npy", np.int32):
        counts += np.bincount(users[is_chosen[place : place + users.size]], minlength=counts.size)
        place += users.size
    return counts


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


def _mask(n: int, chosen: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    is_chosen = np.zeros(n, np.bool_)
    is_chosen[chosen] = True
    return is_chosen


def _part(folder: Path, side: str, is_chosen: npt.NDArray[np.bool_], of_users: range, size: int) -> SortedRatings:
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
        if side == "item":
            kept &= (of_others >= of_users.start) & (of_others < of_users.stop)
        else:
            kept[: max(starts[of_users.start] - before, 0)] = kept[max(starts[of_users.stop] - before, 0) :] = False
        until = np.append(0, kept.cumsum())
        here = slice(*np.searchsorted(starts, (before, before + rows.size), side="right"))
        chosen_before[here] = place + until[starts[here] - before]
        end = place + int(until[-1])
        others[place:end], values[place:end] = of_others[kept], of_values[kept]
        before, place = before + rows.size, end
    if side == "user":
        return SortedRatings(chosen_before[of_users.start : of_users.stop + 1], others, values)
    others -= of_users.start
    return SortedRatings(chosen_before, others, values)
