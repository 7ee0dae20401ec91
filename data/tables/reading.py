"""Read anyone's ratings: columns, ids, scale, times and duplicates, each checked, into `Ratings`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from data.errors import DuplicateRatingError, MalformedRowError, OptionError, RatingOutsideScaleError
from data.ids import Ids, StringIds
from data.ratings import Ratings, RatingScale
from data.tables.descriptions import described_by
from data.tables.duplicates import Choice, without_duplicates
from data.tables.ids import dense_ids
from data.tables.rows import Part, place
from data.tables.scale import rating_scale
from data.tables.sources import Columns, columns_of
from data.tables.times import seconds

Where = Callable[[int], str]


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
    given = dict(columns or {})
    untimed = given.get("time") == ""
    sources = [_without_times(columns_of(each, _named(given)), untimed) for each in (ratings, test) if each is not None]
    whole = _together(sources)
    table, where = whole.table, partial(place, whole.parts)
    user_indices, user_ids = dense_ids(table["user"], "user", where, are_written=whole.ids_are_written)
    item_indices, item_ids = dense_ids(table["item"], "item", where, are_written=whole.ids_are_written)
    values = _finite(table["rating"], where)
    times = seconds(table["time"], where) if "time" in table.column_names else None
    n_train = sources[0].table.num_rows
    del table, whole, sources
    found = rating_scale(values, scale)
    values = _on(found, values, where)

    def twice(first: int, second: int) -> str:
        user, item = user_ids[user_indices[second]], item_ids[item_indices[second]]
        remedy = (
            "Remove one, or say --data.duplicates last, first or mean."
            if (first < n_train) == (second < n_train)
            else "A rating to test on may not be trained on: remove one."
        )
        return f"{where(second)}: user {user} rates item {item} again, after {where(first)}. {remedy}"

    pairs = user_indices * item_ids.size + item_indices
    kept = without_duplicates(pairs, values, times, duplicates, twice)
    if kept is not None:
        _require_apart(pairs, n_train, twice)
        user_indices, item_indices, values = user_indices[kept.rows], item_indices[kept.rows], kept.values
        times = None if times is None else times[kept.rows]
        n_train = int(np.count_nonzero(kept.rows < n_train))
        if found.step is not None and duplicates == "mean":
            found = RatingScale(found.minimum, found.maximum)
    del pairs
    item_table, user_table = described_by(items, item_ids, "item"), described_by(users, user_ids, "user")
    read = Ratings(
        name=_name(ratings),
        users=user_indices,
        items=item_indices,
        values=values.astype(np.float32),
        timestamps=times,
        user_ids=user_ids,
        item_ids=item_ids,
        scale=found,
        user_table=user_table,
        item_table=item_table,
        sha256="",
        source=str(ratings) if isinstance(ratings, str | Path) else _name(ratings),
    )
    return _hashed(read, n_train), n_train


def _named(columns: Mapping[str, str]) -> dict[str, str]:
    return {role: str(name) for role, name in columns.items() if not (role == "time" and name == "")}


def _without_times(source: Columns, leave_out: bool) -> Columns:
    if leave_out and "time" in source.table.column_names:
        return Columns(source.table.drop_columns("time"), source.parts, source.ids_are_written)
    return source


def _together(sources: list[Columns]) -> Columns:
    names = sources[0].table.column_names
    if any(set(source.table.column_names) != set(names) for source in sources):
        raise MalformedRowError("the ratings to test on have times and the others have none, or the other way round.")
    try:
        table = pa.concat_tables([each.table.select(names) for each in sources], promote_options="permissive")
    except pa.ArrowException as cause:
        raise MalformedRowError(
            f"the ratings to test on have columns of other types than the others: {cause}"
        ) from cause
    parts: tuple[Part, ...] = tuple(part for each in sources for part in each.parts)
    return Columns(table, parts, all(each.ids_are_written for each in sources))


def _finite(column: pa.ChunkedArray, where: Where) -> npt.NDArray[np.float64]:
    """The ratings as finite numbers."""
    if column.null_count:
        row = pc.index(pc.is_null(column), True).as_py()
        raise MalformedRowError(f"{where(row)}: the rating is missing. Correct it, or remove that row.")
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise MalformedRowError(f"{where(0)}: the rating {column[0]} is not a number, but {column.type}.")
    values: npt.NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argmin(finite))
        raise MalformedRowError(f"{where(row)}: the rating {values[row]} is not a finite number. Correct it.")
    return values


def _on(scale: RatingScale, values: npt.NDArray[np.float64], where: Where) -> npt.NDArray[np.float64]:
    nearest, sound = scale.nearest(values)
    if not sound.all():
        row = int(np.argmin(sound))
        raise RatingOutsideScaleError(
            f"{where(row)}: the rating {values[row]:.10g} is none of {scale}. Correct it, or give another scale: "
            f"--data.scale {min(values.min(), scale.minimum):g},{max(values.max(), scale.maximum):g}."
        )
    return nearest


def _require_apart(pairs: npt.NDArray[np.int64], n_train: int, twice: Callable[[int, int], str]) -> None:
    """Check that no pair stands in both parts."""
    in_both = np.isin(pairs[n_train:], pairs[:n_train])
    if in_both.any():
        second = n_train + int(np.argmax(in_both))
        raise DuplicateRatingError(twice(int(np.argmax(pairs == pairs[second])), second))


def _name(source: Any) -> str:
    return Path(source).name if isinstance(source, str | Path) else f"a {type(source).__name__}"


def _hashed(ratings: Ratings, n_train: int) -> Ratings:
    """The ratings with the SHA-256 of all that can decide what a model learns from them."""
    arrays: list[npt.NDArray[Any]] = [
        *_arrays(ratings.user_ids),
        *_arrays(ratings.item_ids),
        ratings.users.astype(np.int32),
        ratings.items.astype(np.int32),
        ratings.values,
    ]
    if ratings.timestamps is not None:
        arrays.append(ratings.timestamps)
    digest = hashlib.sha256(repr((ratings.scale, n_train)).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    for frame in (ratings.user_table, ratings.item_table):
        if frame.shape[1]:
            digest.update(frame.to_json(orient="split", date_format="iso").encode())
    return replace(ratings, sha256=digest.hexdigest())


def _arrays(ids: Ids) -> list[npt.NDArray[Any]]:
    return [ids.offsets, ids.text] if isinstance(ids, StringIds) else [ids]
