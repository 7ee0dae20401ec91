"""The ratings in order of users and, once more, of items, so that a sweep reads each from one end to the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.prepared.arrays import StoredArray, written
from data.prepared.progress import shown
from data.prepared.sorting import Rows, in_order

OTHER = {"user": "item", "item": "user"}  # the side that one is not

_LEAST_LONG = 1 << 31  # rows that 32 bits do not number


class Repeated(NamedTuple):
    """Two rows of one pair of user and item, the later one of which is the first that there is."""

    rows: tuple[int, int]
    is_leak: bool
    """Whether one of them is to train on and the other to test on."""


def write_sorted(folder: Path, side: str, n: dict[str, int], n_train: int, scratch: Path) -> list[Repeated]:
    """Write the ratings in order of one side, and of the other within each user or item, into a folder below.

    Args:
        folder: has the ratings in the order of their source.
        side: "user" or "item".
        n: how many users and items there are.
        n_train: how many rows, at the beginning, are not for testing.
        scratch: a folder for what is sorted.

    Returns:
        The first row whose pair has been rated before, if there is one, and the first such leak.
    """
    other = OTHER[side]
    sorted_by = folder / f"by_{side}"
    sorted_by.mkdir(exist_ok=True)
    n_ratings = StoredArray(folder / "ratings.npy", np.float32).size
    counts = np.zeros(n[side], np.int64)
    again: dict[bool, tuple[int, int]] = {}  # by whether it is a leak
    last_pair, last_row = -1, -1
    with (
        written(sorted_by / f"{other}s.npy", np.int32) as write_others,
        written(sorted_by / "ratings.npy", np.float32) as write_ratings,
        written(sorted_by / "rows.npy", np.int32 if n_ratings < _LEAST_LONG else np.int64) as write_rows,
        written(sorted_by / "starts.npy", np.int64) as write_starts,
    ):
        blocks = in_order(pairs(folder, side, n[other]), ("pair", "row"), scratch)
        for block in shown(blocks, f"ratings are sorted by {side}s", lambda rows: rows["pair"].size, n_ratings):
            sides, others = np.divmod(block["pair"], n[other])
            counts += np.bincount(sides, minlength=n[side])
            write_others(others)
            write_ratings(block["rating"])
            write_rows(block["row"])
            before, rows_before = (
                np.append(last, block[name][:-1]) for last, name in ((last_pair, "pair"), (last_row, "row"))
            )
            for place in np.flatnonzero(before == block["pair"]).tolist():
                found = int(rows_before[place]), int(block["row"][place])
                is_leak = found[0] < n_train <= found[1]
                again[is_leak] = min(again.get(is_leak, found), found, key=lambda rows: rows[1])
            last_pair, last_row = int(block["pair"][-1]), int(block["row"][-1])
        write_starts(np.append(0, np.cumsum(counts)))
    return sorted((Repeated(rows, is_leak) for is_leak, rows in again.items()), key=lambda each: each.rows[1])


def pairs(folder: Path, side: str, n_others: int) -> Iterator[Rows]:
    """The ratings in the order of their source: side · n_others + other as `pair`, the `row` and the `rating`."""
    sides, others = (StoredArray(folder / f"{each}s.npy", np.int64) for each in (side, OTHER[side]))
    ratings = StoredArray(folder / "ratings.npy", np.float32)
    start = 0
    for of_side, of_other, values in zip(sides, others, ratings, strict=True):
        yield {"pair": of_side * n_others + of_other, "row": np.arange(start, start + values.size), "rating": values}
        start += values.size
