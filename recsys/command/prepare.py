"""`recsys prepare SOURCE --out FOLDER`: ratings in a form on disk that training maps instead of reading it."""

from __future__ import annotations

import argparse
from pathlib import Path

from data.movielens.catalogue import CATALOGUE
from data.prepared import Prepared, prepare
from recsys.command.answers.options import add_columns, add_scale, columns_of


def run(arguments: list[str]) -> None:
    """Prepare ratings, unless they are prepared already.

    Raises:
        DataError: the ratings cannot be read, or the folder holds something else.
    """
    parser = argparse.ArgumentParser(
        "recsys prepare",
        description="Check ratings once and write them into a folder that a fit maps into memory: --data "
        "PreparedDataModule --data.folder FOLDER. Ratings need not fit into memory, only the ids of users and items. "
        "The folder is there when all is done; stopped at any moment, the command starts anew, and where the same "
        "ratings are prepared already, it does nothing.",
    )
    parser.add_argument(
        "source",
        metavar="SOURCE",
        help="a file of ratings, or a folder of its parts, in any format that a fit reads; or a data set of MovieLens: "
        + ", ".join(each.name for each in CATALOGUE),
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", required=True, help="where to")
    parser.add_argument(
        "--test",
        "--data.test",
        dest="test",
        type=Path,
        metavar="FILE",
        help="ratings to test on, where a split is given",
    )
    add_columns(parser, "user", "item", "rating", "time")
    add_scale(parser)
    parser.add_argument(
        "--duplicates",
        "--data.duplicates",
        dest="duplicates",
        choices=["refuse", "first", "last", "mean"],
        default="refuse",
        help="what to do about a pair that is rated twice; refuse if not given",
    )
    parser.add_argument(
        "--items", "--data.items", dest="items", type=Path, metavar="FILE", help="a table of items, with any columns"
    )
    parser.add_argument(
        "--users", "--data.users", dest="users", type=Path, metavar="FILE", help="a table of users, with any columns"
    )
    parser.add_argument(
        "--replace", action="store_true", help="replace what was prepared from another source or with other options"
    )
    given = parser.parse_args(arguments)
    is_new = prepare(
        given.source,
        given.out,
        test=given.test,
        columns=columns_of(given),
        scale=given.scale,
        duplicates=given.duplicates,
        items=given.items,
        users=given.users,
        replace=given.replace,
    )
    print(f"{given.out} {'holds' if is_new else 'holds already'} {Prepared(given.out).ratings!r}")
