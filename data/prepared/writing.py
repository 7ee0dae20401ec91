"""Write all of the prepared form but its manifest, in a memory that does not grow with the number of ratings.

The rows are read in blocks and written as arrays in the order of the source; DuckDB sorts these. Memory holds the
distinct ids and a constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import DuplicateRatingError
from data.ids import Ids, StringIds
from data.prepared.arrays import StoredArray, written
from data.prepared.descriptions import write_table
from data.prepared.id_codes import IdCodes
from data.prepared.other_columns import RatingBlocks, TimeBlocks
from data.prepared.progress import shown
from data.prepared.repeated import leave_one
from data.prepared.sorted_rows import write_sorted
from data.prepared.source_rows import SourceRows
from data.ratings import Ratings, RatingScale
from data.tables.descriptions import described_by
from data.tables.duplicates import FOR_ONE_USE, ONE_OF_THEM, Choice, rated_again, say_left_out
from data.tables.hashing import sha256_of


@dataclass(frozen=True)
class Written:
    """What was written."""

    n_ratings: int
    n_train: int
    """How many of the ratings, at the beginning, are not for testing."""
    ids: Mapping[str, Ids]
    scale: RatingScale
    has_times: bool
    left_out: int
    sha256: str


@dataclass(frozen=True)
class TableOptions:
    """How a table is read: as `data.tables.read_ratings` says."""

    columns: Mapping[str, str]
    test: Path | None
    scale: str | Sequence[float] | None
    duplicates: Choice
    items: Path | None
    users: Path | None


def write_ratings(ratings: Ratings, folder: Path, scratch: Path) -> Written:
    """Write ratings that memory holds."""
    times = {} if ratings.timestamps is None else {"times": ratings.timestamps}
    for name, array in {"users": ratings.users, "items": ratings.items, "ratings": ratings.values, **times}.items():
        _write(folder / f"{name}.npy", _STORED_AS[name], [array])
    ids = {"user": ratings.user_ids, "item": ratings.item_ids}
    for side, table in (("user", ratings.user_table), ("item", ratings.item_table)):
        _write_ids(folder, side, ids[side])
        write_table(folder, side, table)
    for side in ids:
        write_sorted(folder, side, _sizes(ids), len(ratings), scratch)
    return Written(len(ratings), len(ratings), ids, ratings.scale, bool(times), ratings.left_out, ratings.sha256)


def write_rows(source: Path, folder: Path, scratch: Path, options: TableOptions) -> Written:
    """Write the ratings of a file, or of the parts in a folder, which are checked as `read_ratings` does.

    Raises:
        DataError: as `read_ratings`.
    """
    rows = SourceRows([source] if options.test is None else [source, options.test], options.columns)
    with ExitStack() as files:
        codes = {side: IdCodes(side, scratch, files, are_written=rows.are_written) for side in ("user", "item")}
        ratings = RatingBlocks(scratch, files)
        times = TimeBlocks(scratch, files) if rows.has_times else None
        for block, where in shown(rows, "ratings are read", lambda found: int(found[0].num_rows)):
            for side in codes:
                codes[side].add(block[side], where)
            ratings.add(block["rating"], where)
            if times is not None:
                times.add(block["time"], where)
    scale = ratings.scale(options.scale)
    _write(folder / "ratings.npy", np.float32, ratings.on(scale, rows.place))
    if times is not None:
        _write(folder / "times.npy", np.int64, times.seconds(rows.place))
    ids: dict[str, Ids] = {}
    for side in codes:
        ids[side] = codes[side].ids()
        _write_ids(folder, side, ids[side])
        _write(folder / f"{side}s.npy", np.int32, codes[side].dense(ids[side]))
    n_rows = _stored(folder, "ratings").size
    n_train = _sorted_once_each(folder, ids, rows, options.duplicates, scratch)
    n = _stored(folder, "ratings").size
    if n < n_rows:
        say_left_out(n_rows - n, options.duplicates)
        if options.duplicates == "mean":
            scale = RatingScale(scale.minimum, scale.maximum)
    tables = {"user": described_by(options.users, ids["user"], "user")}
    tables["item"] = described_by(options.items, ids["item"], "item")
    for side, table in tables.items():
        write_table(folder, side, table)
    names = ("users", "items", "ratings", "times") if rows.has_times else ("users", "items", "ratings")
    arrays = [_stored(folder, name) for name in names]
    sha256 = sha256_of((scale, n_train), [*ids.values(), *arrays, *([] if rows.has_times else [None])], tables.values())
    return Written(n, n_train, ids, scale, rows.has_times, n_rows - n, sha256)


def _sorted_once_each(folder: Path, ids: Mapping[str, Ids], rows: SourceRows, choice: Choice, scratch: Path) -> int:
    """Write the ratings in order of users and of items, one of each pair; how many are not for testing.

    Raises:
        DuplicateRatingError: a pair was rated twice, and that is refused, or is to train and to test on.
    """
    n, n_train = _sizes(ids), rows.n_rows_of_first
    repeated = write_sorted(folder, "user", n, n_train, scratch)
    for (first, second), is_leak in repeated:
        if is_leak or choice == "refuse":
            user, item = (ids[side][int(np.load(folder / f"{side}s.npy", mmap_mode="r")[second])] for side in ids)
            remedy = FOR_ONE_USE if is_leak else ONE_OF_THEM
            raise DuplicateRatingError(rated_again(user, item, rows.place(first), rows.place(second), remedy))
    if repeated:
        n_train = leave_one(folder, n["item"], n_train, choice, scratch)
        write_sorted(folder, "user", n, n_train, scratch)
    write_sorted(folder, "item", n, n_train, scratch)
    return n_train


_STORED_AS: dict[str, type[np.generic]] = {
    "users": np.int32,
    "items": np.int32,
    "ratings": np.float32,
    "times": np.int64,
}
_HASHED_AS: dict[str, type[np.generic]] = _STORED_AS | {"users": np.int64, "items": np.int64}  # as tables in memory


def _stored(folder: Path, name: str) -> StoredArray[Any]:
    return StoredArray(folder / f"{name}.npy", _HASHED_AS[name])


def _write(path: Path, dtype: npt.DTypeLike, blocks: Iterable[npt.NDArray[Any]]) -> None:
    with written(path, dtype) as append:
        for block in blocks:
            append(block)


def _write_ids(folder: Path, side: str, ids: Ids) -> None:
    if isinstance(ids, StringIds):
        _write(folder / f"{side}_id_offsets.npy", np.int64, [ids.offsets])
        _write(folder / f"{side}_id_text.npy", np.uint8, [ids.text])
    else:
        _write(folder / f"{side}_ids.npy", np.int64, [ids])


def _sizes(ids: Mapping[str, Ids]) -> dict[str, int]:
    return {side: each.size for side, each in ids.items()}
