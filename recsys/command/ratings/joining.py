"""Ratings that training has, and those that a server keeps, as one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from data.database.rows import Stored
from data.errors import DatabaseError, RatingOutsideScaleError
from data.ids import Ids, StringIds, positions
from data.ratings import Ratings


def joined(ratings: Ratings, stored: Sequence[Stored]) -> pa.Table:
    """All ratings, the stored ones in the place of older ones of their pairs, new pairs behind.

    A rating of `ratings` without a time is older than any that is stored; then the table has no times.

    Raises:
        DatabaseError: stored ids are numbers and those of the ratings text, or the other way round.
        RatingOutsideScaleError: a stored rating is none of the scale.
    """
    user_ids, item_ids = [each.user_id for each in stored], [each.item_id for each in stored]
    users, users_known = _positions("user", ratings.user_ids, user_ids)
    items, items_known = _positions("item", ratings.item_ids, item_ids)
    new_values = _on_scale(ratings, stored)
    new_times = np.array([each.timestamp for each in stored], np.int64)
    rows, rated = _rows(ratings, users, items)
    rated &= users_known & items_known
    replaces = rated.copy()
    if ratings.timestamps is not None:
        replaces &= new_times >= ratings.timestamps[rows]

    joined_values = ratings.values.copy()
    joined_values[rows[replaces]] = new_values[replaces]
    is_new = ~rated
    columns = {
        "user": _ids(ratings.user_ids, ratings.users, user_ids, is_new),
        "item": _ids(ratings.item_ids, ratings.items, item_ids, is_new),
        "rating": pa.array(np.concatenate([joined_values, new_values[is_new]])),
    }
    if ratings.timestamps is not None:
        joined_times = ratings.timestamps.copy()
        joined_times[rows[replaces]] = new_times[replaces]
        columns["timestamp"] = pa.array(np.concatenate([joined_times, new_times[is_new]]))
    return pa.table(columns)


def _positions(side: str, ids: Ids, asked: list[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    are_text = isinstance(ids, StringIds)
    for each in asked:
        if isinstance(each, str) != are_text:
            kind, other = ("text", "a whole number") if are_text else ("whole numbers", "text")
            raise DatabaseError(
                f"the {side} ids of the ratings are {kind}, and {each!r:.60}, of a rating that is stored, is {other}. "
                "Give the ratings that the server's model was trained on."
            )
    return positions(ids, np.array(asked, object) if are_text else np.array(asked, np.int64))


def _on_scale(ratings: Ratings, stored: Sequence[Stored]) -> npt.NDArray[np.float32]:
    nearest, sound = ratings.scale.nearest(np.array([each.rating for each in stored]))
    if not sound.all():
        wrong = stored[int(np.argmin(sound))]
        raise RatingOutsideScaleError(
            f"the stored rating {wrong.rating:g} of user {wrong.user_id!s:.60} for item {wrong.item_id!s:.60} is none "
            f"of {ratings.scale}. Delete it, or give another scale: --scale LEAST,GREATEST[,STEP]."
        )
    return nearest.astype(np.float32)


def _rows(
    ratings: Ratings, users: npt.NDArray[np.int64], items: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The row of each of (k,) pairs among the ratings, and whether there is one."""
    pairs = ratings.users.astype(np.int64) * ratings.n_items + ratings.items
    order = np.argsort(pairs, kind="stable")
    asked = users * ratings.n_items + items
    rows = order[np.searchsorted(pairs, asked, sorter=order).clip(max=pairs.size - 1)]
    return rows, pairs[rows] == asked


def _ids(ids: Ids, indices: npt.NDArray[Any], new: list[Any], is_new: npt.NDArray[np.bool_]) -> pa.Array:
    kind = pa.string() if isinstance(ids, StringIds) else pa.int64()
    added = [each for each, chosen in zip(new, is_new.tolist(), strict=True) if chosen]
    return pa.concat_arrays([pa.array(ids[indices], kind), pa.array(added, kind)])
