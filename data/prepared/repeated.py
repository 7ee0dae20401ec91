"""Leave one rating of each pair, where there are more ratings than fit into memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from data.prepared.arrays import StoredArray, written
from data.prepared.sorted_rows import pairs
from data.prepared.sorting import Rows, in_order
from data.tables.duplicates import Choice, without_duplicates


def leave_one(folder: Path, n_items: int, n_train: int, choice: Choice, scratch: Path) -> int:
    """Keep one rating of each pair in the arrays of a folder, in the order of their source.

    Args:
        folder: has users, items, ratings and perhaps times.
        n_items: how many items there are.
        n_train: how many rows, at the beginning, are not for testing.
        choice: which one is kept: first, last, mean.
        scratch: a folder for what is sorted.

    Returns:
        How many rows are not for testing then.
    """
    ratings = np.load(folder / "ratings.npy", mmap_mode="r+")
    is_kept = np.lib.format.open_memmap(scratch / "is_kept.npy", "w+", np.bool_, ratings.shape)
    for block in _whole_pairs(in_order(_timed_pairs(folder, n_items), ("pair", "row"), scratch)):
        kept = without_duplicates(block["pair"], block["rating"], block.get("time"), choice, _never)
        if kept is None:
            is_kept[block["row"]] = True
            continue
        rows = block["row"][kept.rows]
        is_kept[rows] = True
        ratings[rows] = kept.values
    ratings.flush()
    is_kept.flush()
    n_train = int(np.count_nonzero(is_kept[:n_train]))
    del ratings, is_kept
    for name in ("users", "items", "ratings", "times"):
        if (path := folder / f"{name}.npy").exists():
            _compact(path, scratch / "is_kept.npy", scratch / "compact.npy")
    (scratch / "is_kept.npy").unlink()
    return n_train


def _timed_pairs(folder: Path, n_items: int) -> Iterator[Rows]:
    if not (folder / "times.npy").exists():
        yield from pairs(folder, "user", n_items)
        return
    for rows, times in zip(pairs(folder, "user", n_items), StoredArray(folder / "times.npy", np.int64), strict=True):
        yield {**rows, "time": times}


def _whole_pairs(blocks: Iterable[Rows]) -> Iterator[Rows]:
    """Rows in order of pairs, in blocks whose last pair does not go on in the next one."""
    rest: Rows = {}
    for block in blocks:
        whole = {name: np.append(rest[name], block[name]) for name in block} if rest else block
        last = int(np.searchsorted(whole["pair"], whole["pair"][-1]))
        if last:
            yield {name: column[:last] for name, column in whole.items()}
        rest = {name: column[last:] for name, column in whole.items()}
    yield rest


def _compact(path: Path, is_kept: Path, unfinished: Path) -> None:
    stored = StoredArray(path, np.load(path, mmap_mode="r").dtype.type)
    with written(unfinished, stored.dtype) as append:
        for block, kept in zip(stored, StoredArray(is_kept, np.bool_), strict=True):
            append(block[kept])
    unfinished.replace(path)


def _never(first: int, second: int) -> str:
    raise AssertionError(f"rows {first} and {second} are of one pair, and the choice is not to refuse it")
