"""Pairs of a user and an item that are rated more than once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from data.errors import DuplicateRatingError
from data.ids import Id

logger = logging.getLogger("data")

Choice = Literal["refuse", "first", "last", "mean"]
FOR_ONE_USE = "A rating to test on may not be trained on: remove one."
ONE_OF_THEM = "Remove one, or say --data.duplicates last, first or mean."


def pair_numbers(
    users: npt.NDArray[np.int64], items: npt.NDArray[np.int64], n_users: int, n_items: int
) -> npt.NDArray[np.int64]:
    """A number for each pair of user and item, (n,), that is of no other pair.

    Where the rows of each user stand together, the first user's are the smallest, and so on: they are sorted faster.
    """
    begins = users[1:] != users[:-1]
    if np.count_nonzero(begins) == n_users - 1:
        users = np.cumsum(np.append(False, begins))
    return users * n_items + items


class Kept(NamedTuple):
    """Which rows stay, ascending, and their ratings."""

    rows: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]


def without_duplicates(
    pairs: npt.NDArray[np.int64],
    values: npt.NDArray[np.float32],
    times: npt.NDArray[np.int64] | None,
    choice: Choice,
    describe: Callable[[int, int], str],
) -> Kept | None:
    """Leave one rating of each pair; None if each is rated once.

    Args:
        pairs: a number for each pair of user and item, (n,).
        values: the ratings (n,).
        times: when they were given, (n,); without times, rows further down are later.
        choice: keep the first or the last rating of a pair by time, or the mean of all, at the row and time of the last
            one; or refuse.
        describe: what a message says of two rows of one pair.

    Raises:
        DuplicateRatingError: a pair is rated twice, and that is refused.
    """
    if not _any_twice(pairs):
        return None
    if choice == "refuse":
        by_row = np.argsort(pairs, kind="stable")
        again = by_row[1:][pairs[by_row[1:]] == pairs[by_row[:-1]]]
        row = int(again.min())
        raise DuplicateRatingError(describe(int(np.argmax(pairs == pairs[row])), row))
    order = np.argsort(pairs, kind="stable") if times is None else np.lexsort((times, pairs))  # stable, too
    begins = np.flatnonzero(np.diff(pairs[order], prepend=pairs[order[0]] - 1))
    ends = np.append(begins[1:], pairs.size)
    rows = order[begins] if choice == "first" else order[ends - 1]
    kept = values[rows]
    if choice == "mean":
        sums = np.add.reduceat(values[order], begins, dtype=np.float64)
        kept = (sums / (ends - begins)).astype(np.float32)
    ascending = np.argsort(rows)
    return Kept(rows[ascending], kept[ascending])


def rated_again(user: Id, item: Id, first: str, second: str, remedy: str) -> str:
    """What to say of two ratings of one pair, each at its place."""
    return f"{second}: user {user!s:.60} rates item {item!s:.60} again, after {first}. {remedy}"


def say_left_out(n: int, choice: Choice) -> None:
    """Say aloud how many ratings a choice has left out."""
    logger.info(
        "%s ratings of pairs that are rated several times were left out: --data.duplicates %s", f"{n:,}", choice
    )


def _any_twice(pairs: npt.NDArray[np.int64]) -> bool:
    if (pairs[1:] > pairs[:-1]).all():  # many files are sorted
        return False
    ordered = pairs.copy()
    with ThreadPoolExecutor() as pool:
        for half in np.array_split(ordered, 2):
            pool.submit(half.sort, kind="stable")
    ordered.sort(kind="stable")  # which makes use of what is in order already
    return bool((ordered[1:] == ordered[:-1]).any())
