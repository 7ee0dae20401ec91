"""`recsys predict --pairs PAIRS`: an artefact's ratings of any pairs of a user and an item, without torch."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data.tables.asked import PAIRS, TIMED_PAIRS, AskedRows, asked_rows
from recsys.artifact import SOURCES, Artifact, Predictions, load
from recsys.artifact.times import UNKNOWN
from recsys.command.answers.options import add_artifact, add_columns, add_output, columns_of
from recsys.command.answers.schema import answers_schema, table_of
from recsys.command.answers.table_file import require_known_format, table_file

_ROWS = 1 << 17  # that are predicted at once
_SOURCES = pa.array(SOURCES)


def is_asked(arguments: list[str]) -> bool:
    """Whether the arguments of `recsys predict` name pairs; else a checkpoint predicts the test ratings."""
    return any(argument.partition("=")[0] == "--pairs" for argument in arguments)


def run(arguments: list[str]) -> None:
    """Predict all pairs of a table, in its order.

    Raises:
        ArtifactError: the artefact cannot be loaded.
        CommandError: the output is of no known format.
        DataError: the pairs cannot be read.
    """
    parser = argparse.ArgumentParser(
        "recsys predict",
        description="Predict the ratings of pairs of a user and an item by an artefact, in the order of the pairs: "
        "rating, source (who answered: model, features, or a mean where nothing is known of a user or an item) and, "
        "where the model says it, the standard deviation of the rating. Without --pairs, a checkpoint predicts the "
        "test ratings: recsys predict --help.",
    )
    parser.add_argument(
        "--pairs",
        type=Path,
        required=True,
        metavar="FILE",
        help="a table with a user and an item in each row and perhaps a time, in any format that a fit reads ratings "
        "from; other columns are left aside",
    )
    add_artifact(parser)
    add_output(parser, "predictions.csv")
    add_columns(parser, "user", "item", "time")
    given = parser.parse_args(arguments)
    require_known_format(given.output)
    model = load(given.artifact)
    counts = np.zeros(len(SOURCES), np.int64)
    with table_file(given.output, _schema(model)) as write:
        for asked in asked_rows(given.pairs, columns_of(given), TIMED_PAIRS if model.uses_times else PAIRS):
            for table, predictions in _predicted(model, asked):
                write(table)
                counts += np.bincount(predictions.sources, minlength=len(SOURCES))
    by_whom = ", ".join(f"{count:,} by {name}" for name, count in zip(SOURCES, counts.tolist(), strict=True) if count)
    print(f"{given.output} holds {counts.sum():,} predictions of {model.manifest.recipe}: {by_whom}.")


def _predicted(model: Artifact, asked: AskedRows) -> Iterator[tuple[pa.Table, Predictions]]:
    """The predictions of rows, some of them at once."""
    users, items = asked.ids("user", model.user_ids), asked.ids("item", model.item_ids)
    times = asked.times() if model.uses_times else None
    for start in range(0, asked.n_rows, _ROWS):
        rows = slice(start, start + _ROWS)
        found = users.found(rows), items.found(rows)
        given_at = None if times is None else times[rows]
        predictions = model.rate(*found, given_at)
        columns: dict[str, Any] = {
            "user": users.original(rows),
            "item": items.original(rows),
            "time": None if given_at is None else pa.array(given_at, mask=given_at == UNKNOWN),
            "rating": predictions.ratings,
            "source": _SOURCES.take(pa.array(predictions.sources)),
            "deviation": model.deviations(*found, given_at) if model.says_deviations else None,
        }
        yield table_of(columns, _schema(model)), predictions


def _schema(model: Artifact) -> pa.Schema:
    times = {"time": pa.int64()} if model.uses_times else {}
    return answers_schema(model, times)
