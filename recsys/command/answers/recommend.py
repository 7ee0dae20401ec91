"""`recsys recommend`: the best unseen items of all users or of some, by an artefact, without torch."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from data.tables.asked import USERS, asked_rows
from recsys.artifact import ORDERS, Artifact, Order, Recommendations, load
from recsys.command.answers.options import add_artifact, add_columns, add_output, columns_of
from recsys.command.answers.schema import answers_schema, table_of
from recsys.command.answers.table_file import require_known_format, table_file

_USERS = 1 << 12  # that are recommended to at once


def run(arguments: list[str]) -> None:
    """Recommend items to users, in the order of the users.

    Raises:
        ArtifactError: the artefact cannot be loaded.
        CommandError: the output is of no known format.
        DataError: the users cannot be read.
    """
    parser = argparse.ArgumentParser(
        "recsys recommend",
        description="Recommend to each user the most relevant items among those without a training rating of this "
        "user: rank, relevance (how likely the user is to choose and like the item), rating (as predicted), source "
        "(who answered: model, features, or item_mean for unknown users) and, where the model says it, the standard "
        "deviation of the rating. The server gives the same.",
    )
    add_artifact(parser)
    parser.add_argument("--n", type=_count, default=10, help="how many items for each user; 10 if not given")
    parser.add_argument(
        "--order",
        choices=ORDERS,
        default=ORDERS[0],
        help=f"what items are ordered by; {ORDERS[0]} if not given",
    )
    parser.add_argument(
        "--users",
        type=Path,
        metavar="FILE",
        help="a table with a user in each row, in any format that a fit reads ratings from; all users of the artefact "
        "if not given",
    )
    add_output(parser, "recommendations.csv")
    add_columns(parser, "user")
    given = parser.parse_args(arguments)
    require_known_format(given.output)
    model = load(given.artifact)
    schema = answers_schema(model, {"rank": pa.int64(), "relevance": pa.float32()})
    n_users = n_unknown = n_rows = 0
    with table_file(given.output, schema) as write:
        for block in _recommended(model, given.users, columns_of(given), given.n, given.order):
            write(table_of(block._asdict(), schema))
            n_rows += block.rank.size
            first = block.rank == 1
            n_users += int(np.count_nonzero(first))
            n_unknown += int(np.count_nonzero(block.source[first] == "item_mean"))
    unknown = f", {n_unknown:,} of whom nothing is known and who get what the average user would" if n_unknown else ""
    print(f"{given.output} holds {n_rows:,} recommendations of {model.manifest.recipe} to {n_users:,} users{unknown}.")


def _recommended(
    model: Artifact, users: Path | None, columns: dict[str, str], n: int, order: Order
) -> Iterator[Recommendations]:
    if users is None:
        yield from model.recommendations(n=n, order=order)
        return
    for asked in asked_rows(users, columns, USERS):
        ids = asked.ids("user", model.user_ids)
        for start in range(0, asked.n_rows, _USERS):
            yield from model.recommendations(ids.original(slice(start, start + _USERS)), n, order)


def _count(text: str) -> int:
    """A number of items.

    Raises:
        argparse.ArgumentTypeError: it is none, or less than 1.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)
