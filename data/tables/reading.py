"""Read anyone's ratings: columns, ids, scale, times and duplicates, each checked, into `Ratings`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.errors import DuplicateRatingError, OptionError
from data.ratings import Ratings, RatingScale
from data.tables.coded import Coded, Where
from data.tables.descriptions import described_by
from data.tables.duplicates import (
    FOR_ONE_USE,
    ONE_OF_THEM,
    Choice,
    pair_numbers,
    rated_again,
    say_left_out,
    without_duplicates,
)
from data.tables.hashing import sha256_of
from data.tables.ids import dense_ids
from data.tables.rating_values import distinct_ratings
from data.tables.ratings_columns import RatingsColumns
from data.tables.scale import outside_scale, rating_scale
from data.tables.times import seconds


def read_ratings(
    ratings: Any,
    *,
    columns: Mapping[str, str] | None = None,
    scale: str | Sequence[float] | None = None,
    duplicates: Choice = "refuse",
    items: Any = None,
    users: Any = None,
) -> Ratings:
    """Read a table with a user, an item, a rating and perhaps a time in each row.

    Args:
        ratings: a file, a folder of parts (CSV and other text, Parquet, Feather, JSON lines; packed or not), or a table
            of pandas, polars or Arrow.
        columns: names of the columns by role, user, item, rating and time, where they are not recognised; a time of ""
            leaves times out. In a text without names, places from 1 on.
        scale: least and greatest rating and perhaps the step, "1,10"; else as the ratings show it.
        duplicates: what to do if a pair is rated twice: refuse, or keep the first, the last, or the mean.
        items: a table of items, its first column or one called as usual the id; any other columns.
        users: likewise of users.

    Raises:
        DataError: the message of the subclass names the file, the line, the value and what to do.
    """
    return read_train_and_test(
        ratings, None, columns=columns, scale=scale, duplicates=duplicates, items=items, users=users
    )[0]


def read_train_and_test(
    ratings: Any,
    test: Any,
    *,
    columns: Mapping[str, str] | None = None,
    scale: str | Sequence[float] | None = None,
    duplicates: Choice = "refuse",
    items: Any = None,
    users: Any = None,
) -> tuple[Ratings, int]:
    """Do what `read_ratings` does, with a table of test ratings behind the others; None if there is none.

    Returns:
        All ratings, and how many of them, at the beginning, are not for testing.

    Raises:
        DataError: as `read_ratings`; also if a pair stands in both.
    """
    if duplicates not in get_args(Choice):
        raise OptionError(f"duplicates are {', '.join(get_args(Choice))}, not {duplicates!r}")
    read = RatingsColumns([ratings] if test is None else [ratings, test], columns or {})
    n_train, where = read.n_rows_of_first, read.place
    with ThreadPoolExecutor(max_workers=2) as pool:  # whose work is in loops of Arrow and numpy, beside each other
        users_done, items_done = (
            pool.submit(dense_ids, read.pop(side), side, where, are_written=read.are_written)
            for side in ("user", "item")
        )
        values_done = pool.submit(_on_a_scale, read.pop("rating"), scale, where)
        times_done = pool.submit(seconds, read.pop("time"), where) if "time" in read else None
        (user_indices, user_ids), (item_indices, item_ids) = users_done.result(), items_done.result()
        values, found = values_done.result()
        times = None if times_done is None else times_done.result()

    def twice(first: int, second: int) -> str:
        user, item = user_ids[user_indices[second]], item_ids[item_indices[second]]
        is_leak = (first < n_train) != (second < n_train)
        remedy = FOR_ONE_USE if is_leak else ONE_OF_THEM
        return rated_again(user, item, where(first), where(second), remedy)

    n_rows = values.size
    pairs = pair_numbers(user_indices, item_indices, user_ids.size, item_ids.size)
    kept = without_duplicates(pairs, values, times, duplicates, twice)
    if kept is not None:
        _require_apart(pairs, n_train, twice)
        user_indices, item_indices, values = user_indices[kept.rows], item_indices[kept.rows], kept.values
        times = None if times is None else times[kept.rows]
        n_train = int(np.count_nonzero(kept.rows < n_train))
        say_left_out(n_rows - values.size, duplicates)
        if duplicates == "mean":
            found = RatingScale(found.minimum, found.maximum)
    del pairs
    with ThreadPoolExecutor(max_workers=1) as pool:  # beside the hash of the arrays
        user_table_done = pool.submit(described_by, users, user_ids, "user")
        item_table_done = pool.submit(described_by, items, item_ids, "item")
        sha256 = sha256_of(
            (found, n_train),
            [user_ids, item_ids, user_indices, item_indices, values, times],
            (done.result() for done in (user_table_done, item_table_done)),
        )
    whole = Ratings(
        name=_name(ratings),
        users=user_indices,
        items=item_indices,
        values=values,
        timestamps=times,
        user_ids=user_ids,
        item_ids=item_ids,
        scale=found,
        user_table=user_table_done.result(),
        item_table=item_table_done.result(),
        sha256=sha256,
        source=str(ratings) if isinstance(ratings, str | Path) else _name(ratings),
        left_out=n_rows - values.size,
    )
    return whole, n_train


def _on_a_scale(
    column: pa.ChunkedArray, given: str | Sequence[float] | None, where: Where
) -> tuple[npt.NDArray[np.float32], RatingScale]:
    """The ratings (n,), each on a step of their scale."""
    coded = Coded(column, "rating", where)
    distinct = distinct_ratings(coded, where)
    scale = rating_scale(distinct, given)
    nearest, sound = scale.nearest(distinct)
    if not sound.all():
        place = int(np.argmin(sound))
        raise outside_scale(where(coded.first_row(place)), distinct[place], scale, distinct)
    return coded.each(nearest.astype(np.float32)), scale


def _require_apart(pairs: npt.NDArray[np.int64], n_train: int, twice: Any) -> None:
    """Check that no pair stands in both parts."""
    in_both = np.isin(pairs[n_train:], pairs[:n_train])
    if in_both.any():
        second = n_train + int(np.argmax(in_both))
        raise DuplicateRatingError(twice(int(np.argmax(pairs == pairs[second])), second))


def _name(source: Any) -> str:
    return Path(source).name if isinstance(source, str | Path) else f"a {type(source).__name__}"
