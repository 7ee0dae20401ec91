"""`recsys export_ratings URL`: the ratings that a server keeps, as a table that training reads."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from data.database.rows import Stored
from data.errors import DatabaseError, EmptyFileError, MissingPackageError
from data.movielens import load
from data.movielens.catalogue import CATALOGUE
from data.ratings import Ratings
from data.tables import read_ratings
from recsys.command.answers.options import add_columns, add_output, add_scale, columns_of
from recsys.command.answers.table_file import require_known_format, table_file
from recsys.command.ratings.joining import joined
from recsys.errors import CommandError

_DATA_SETS = [each.name for each in CATALOGUE]


def run(arguments: list[str]) -> None:
    """Write all stored ratings, as they are at one moment, and perhaps those that training has.

    Raises:
        CommandError: an output is of no known format.
        DataError: the database or the ratings cannot be read, do not fit each other, or there are none.
    """
    parser = argparse.ArgumentParser(
        "recsys export_ratings",
        description="Write the ratings that a server keeps into a table, to train on: user, item, rating, and "
        "timestamp in seconds since 1970; with the ratings that the last model was trained on, if they are given: of a "
        "pair in both, the newer one. The server may go on meanwhile; what is written was stored at one moment. Then: "
        "recsys fit --data TableDataModule --data.ratings FILE.",
    )
    parser.add_argument(
        "url",
        metavar="URL",
        help="the database, as RECSYS_RATINGS_DATABASE names it, such as sqlite:///ratings.db; keep passwords in the "
        "environment (PGPASSWORD), since others see the arguments of a command",
    )
    parser.add_argument(
        "--with",
        dest="source",
        metavar="SOURCE",
        help="ratings to put them to: a file, or a folder of its parts, in any format that a fit reads; or a data set "
        "of MovieLens: " + ", ".join(_DATA_SETS),
    )
    add_columns(parser, "user", "item", "rating", "time")
    add_scale(parser)
    add_output(parser, "ratings.parquet")
    parser.add_argument(
        "--items", type=Path, metavar="FILE", help="write what MovieLens says of its items, too, for --data.items"
    )
    parser.add_argument(
        "--users", type=Path, metavar="FILE", help="write what MovieLens says of its users, too, for --data.users"
    )
    given = parser.parse_args(arguments)
    for path in filter(None, (given.output, given.items, given.users)):
        require_known_format(path)
    if (given.items or given.users) and not _is_movielens(given.source):
        raise CommandError("--items and --users write tables of MovieLens: --with one of " + ", ".join(_DATA_SETS))
    stored = _stored(given.url)
    if given.source is None:
        table = _table(stored)
    else:
        ratings = _ratings(given)
        table = joined(ratings, stored)
        for path, described in ((given.items, ratings.item_table), (given.users, ratings.user_table)):
            if path is not None:
                _write(path, _described(described))
    _write(given.output, table)
    print(f"{given.output} holds {table.num_rows:,} ratings; the server keeps {len(stored):,}.")


def _stored(url: str) -> list[Stored]:
    try:
        from data.database.connecting import engine_of, require_table
        from data.database.reading import all_in_blocks
    except ModuleNotFoundError as cause:
        raise MissingPackageError(
            "to read a database of ratings needs SQLAlchemy, which is not installed: pip install 'recsys[ratings]'."
        ) from cause
    engine = engine_of(url)
    try:
        require_table(engine)
        found = [rating for block in all_in_blocks(engine) for rating in block]
    finally:
        engine.dispose()
    if not found:
        raise EmptyFileError("the database holds no ratings yet, so nothing is written.")
    return found


def _is_movielens(source: str | None) -> bool:
    """Whether a data set is meant; a file goes before one of the same name."""
    return source in _DATA_SETS and not Path(str(source)).exists()


def _ratings(given: argparse.Namespace) -> Ratings:
    if _is_movielens(given.source):
        return load(given.source)
    return read_ratings(given.source, columns=columns_of(given), scale=given.scale, duplicates="last")


def _table(stored: list[Stored]) -> pa.Table:
    users, items, ratings, times = zip(*stored, strict=True)
    try:
        columns = {"user": pa.array(users), "item": pa.array(items)}
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DatabaseError(
            "the database holds ids that are whole numbers and ids that are text, of two models. Keep the ratings of "
            "each in a database of its own; in this one, text stands in quotes."
        ) from error
    return pa.table({**columns, "rating": pa.array(ratings, pa.float32()), "timestamp": pa.array(times)})


def _described(table: pd.DataFrame) -> pa.Table:
    """A table of users or items with its ids as a column, and genres joined as a fit takes them apart."""
    described: dict[str, Any] = {str(name): table[name] for name in table.columns}
    if "genres" in described:
        described["genres"] = ["|".join(genres) for genres in table["genres"]]
    return pa.Table.from_pandas(pd.DataFrame({str(table.index.name): table.index, **described}), preserve_index=False)


def _write(path: Path, table: pa.Table) -> None:
    with table_file(path, table.schema) as write:
        write(table)
