"""`recsys describe RATINGS`: look at ratings before training."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from data.description import describe
from data.movielens import load
from data.movielens.catalogue import CATALOGUE
from data.prepared import Prepared, is_prepared
from data.ratings import Ratings
from data.tables import read_ratings
from recsys.command.answers.options import add_columns, add_scale, columns_of
from recsys.command.describe.picture import picture, require_matplotlib
from recsys.command.describe.text import text
from recsys.errors import CommandError
from recsys.files import write_atomically

_PICTURES = (".png", ".svg", ".pdf")
_DATA_SETS = [each.name for each in CATALOGUE]


def run(arguments: list[str]) -> None:
    """Print what is in ratings; draw it, or write it as JSON, where that is asked for.

    Raises:
        CommandError: the picture has a name of no known format, or matplotlib is not installed.
        DataError: the ratings cannot be read.
    """
    parser = argparse.ArgumentParser(
        "recsys describe",
        description="Print what one looks at before training: how many ratings, users and items there are, how the "
        "ratings are spread, and how many test ratings would be of users and items that nothing is known of.",
    )
    parser.add_argument(
        "ratings",
        metavar="RATINGS",
        help="a file of ratings, or a folder of its parts, in any format that a fit reads; a folder of prepared "
        "ratings; or a data set of MovieLens: " + ", ".join(_DATA_SETS),
    )
    add_columns(parser, "user", "item", "rating", "time")
    add_scale(parser)
    parser.add_argument(
        "--duplicates",
        "--data.duplicates",
        dest="duplicates",
        choices=["last", "first", "mean", "refuse"],
        default="last",
        help="what counts of the ratings of one pair; last (by time) if not given. They are counted in any case",
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help=f"draw it, too: {', '.join(_PICTURES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write it as JSON, too")
    given = parser.parse_args(arguments)
    if given.picture is not None and given.picture.suffix.lower() not in _PICTURES:
        raise CommandError(f"--picture: {given.picture} is no picture; name one of {', '.join(_PICTURES)}.")
    if given.picture is not None:
        require_matplotlib()
    said = describe(_ratings(given))
    if given.picture is not None:
        write_atomically(given.picture, picture(said, given.picture.suffix[1:].lower()))
    if given.json is not None:
        write_atomically(given.json, (json.dumps(said.as_json(), indent=2, ensure_ascii=False) + "\n").encode())
    print(text(said, _block()))
    if given.picture is not None:
        print(f"\n{given.picture} shows it.")


def _ratings(given: argparse.Namespace) -> Ratings:
    """A file goes before a data set of the same name."""
    if given.ratings in _DATA_SETS and not Path(given.ratings).exists():
        return load(given.ratings)
    if is_prepared(Path(given.ratings)):
        return Prepared(Path(given.ratings)).ratings
    return read_ratings(given.ratings, columns=columns_of(given), scale=given.scale, duplicates=given.duplicates)


def _block() -> str:
    """What bars are made of: a block where the terminal can show one."""
    try:
        "█".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return "#"
    return "█"
