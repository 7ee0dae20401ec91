"""An item that was not in the table has the features that it would have had there."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from typing_extensions import override

from recsys.artifact.cold_items.items import bytes_of, columns_in
from recsys.command.fit.export import item_table
from recsys.features import Feature, ItemColumns, WhoRatedWhat, describe_items
from tests.recsys.features.tables import known
from tests.recsys.features.test_columns import TABLE, N

MORE: dict[str, Any] = {
    "maker": [*["Kyiv", None, "Oslo ", "Lima"] * 9, "Kyiv", "rare one", "rarer", "Oslo"],
    "code": np.arange(N) % 3,
    "code or nothing": np.where(np.arange(N) % 4 == 0, np.nan, np.arange(N) % 3),
    "price": np.where(np.arange(N) % 9 == 0, np.nan, np.exp(np.arange(N) / 7)),
    "weight": np.where(np.arange(N) == 3, np.nan, np.arange(N) % 7),
    "year": 1990 + np.arange(N) % 20,
    "listed": [None if row % 6 == 0 else ["x", "y", f"only {row}", 7][: row % 5] for row in range(N)],
}


def of_new(table: dict[str, Any], *features: Feature) -> torch.Tensor:
    """The features of the rows of a table of items, each as if it were of a new item, as an artefact says it."""
    every = known(items=table)
    description = describe_items(features, every)
    used = columns_in(bytes_of([column for of in description.columns.values() for column in of]))
    said = item_table(every.data)
    columns = {"year": said.years, "title": said.titles, "genres": said.genres, **said.attributes}
    matrix = torch.zeros(N, sum(column.code.width for column in used))
    for row in range(N):
        start = 0
        for column in used:
            for place, entry in column.encode((columns[column.name] or ())[row]).features.items():
                matrix[row, start + place] = entry
            start += column.code.width
    return matrix


def test_the_features_of_a_new_item_are_those_of_a_row_with_its_values() -> None:
    table = TABLE | MORE
    edges: dict[str, Sequence[float]] = {
        "year": [1980.0, 1995, 1996, 2030],
        "joined": [datetime.datetime(2020, 1, 9, tzinfo=datetime.UTC).timestamp()],
    }
    every = ItemColumns(fewest=3, edges=edges, as_categories=["code", "code or nothing"])
    few = ItemColumns(["price", "listed"], fewest=9, groups=3)
    of_table = describe_items([every, few], known(items=table)).matrices
    torch.testing.assert_close(of_new(table, every, few), torch.cat(of_table, 1), rtol=0, atol=1e-7)


def test_what_is_made_of_ratings_is_zero_of_a_new_item_and_of_what_cannot_tell_nothing_is_said() -> None:
    of_columns = ItemColumns(["city"])
    every = known(items=TABLE)
    assert describe_items([WhoRatedWhat(), of_columns], every).columns.keys() == {1}

    class Odd(Feature):
        @override
        def of_items(self, known: Any) -> torch.Tensor:
            return torch.arange(N)[:, None] % 2.0

    assert not describe_items([Odd(), of_columns], every).columns
    assert not describe_items([WhoRatedWhat()], every).columns


def test_dates_may_be_text_or_seconds() -> None:
    dates = pd.date_range("1999-12-01", periods=N)
    (column,) = describe_items([ItemColumns(["day"])], known(items={"day": dates})).columns[0]
    for at in (0, 11, N - 1):
        written = dates[at].strftime("%Y-%m-%d")
        as_written = [
            column.encode(each) for each in (written, f"{written}T00:00:00+00:00", dates[at].timestamp(), dates[at])
        ]
        assert all(each == as_written[0] for each in as_written)
    assert column.encode("1970-01-01").features == {0: 1.0}
    assert column.encode("2070-01-01").features == {column.code.width - 1: 1.0}
