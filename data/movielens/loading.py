"""Find or download a MovieLens data set, check it, and read it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.errors import IncompleteFileError
from data.movielens import catalogue
from data.movielens.archives import FoundArchive
from data.movielens.catalogue import DataSet
from data.movielens.download import fetch
from data.movielens.formats.rating_rows import read_ratings
from data.movielens.formats.tables import read_items, read_users
from data.movielens.publisher import HttpLimits
from data.ratings import Ratings

logger = logging.getLogger("data")


def load(name: str = "100k", *, path: Path | str | None = None, cache: Path | str | None = None) -> Ratings:
    """Load a data set of the catalogue, downloading it the first time.

    `path` is the publisher's zip file, the wheel that also carries 100k, or a directory that one of them
    was unpacked into. `cache` is where downloads are kept: by default $RECSYS_CACHE, or recsys in the
    user's cache directory.

    Raises:
        DataError: the data set cannot be had; the message of the subclass says what to do.
    """
    return load_data_set(
        catalogue.find(name),
        path=None if path is None else Path(path),
        cache=None if cache is None else Path(cache),
    )


def load_data_set(
    data_set: DataSet,
    *,
    path: Path | None = None,
    cache: Path | None = None,
    limits: HttpLimits | None = None,
) -> Ratings:
    """Do what `load` does, for a data set that need not be in the catalogue."""
    found = fetch(data_set, path=path, cache=cache, limits=limits)
    ratings = read(data_set, found)
    logger.info("%r", ratings)
    return ratings


def read(data_set: DataSet, found: FoundArchive) -> Ratings:
    """Read and check the files of a data set where they have been found.

    Raises:
        DataError: of the subclasses that concern archives, files and rows.
    """
    archive = found.archive
    rows = read_ratings(archive.ratings, found.read(archive.ratings.name), data_set.scale)
    if data_set.n_ratings not in (None, rows.values.size):
        raise IncompleteFileError(
            f"{archive.ratings.name} has {rows.values.size:,} rows, but MovieLens {data_set.name} has "
            f"{data_set.n_ratings:,} ratings. Get {data_set.url} again."
        )
    return Ratings(
        name=data_set.name,
        users=rows.users,
        items=rows.items,
        values=rows.values,
        timestamps=rows.timestamps,
        user_ids=rows.user_ids,
        item_ids=rows.item_ids,
        scale=data_set.scale,
        user_table=_user_table(found, rows.user_ids),
        item_table=read_items(archive.items, found.read(archive.items.name), rows.item_ids),
        sha256=rows.sha256,
        source=found.source,
    )


def _user_table(found: FoundArchive, user_ids: npt.NDArray[np.int64]) -> pd.DataFrame:
    users = found.archive.users
    if users is None:
        return pd.DataFrame(index=pd.Index(user_ids, name="user_id"))
    return read_users(users, found.read(users.name), user_ids)
