"""Which columns of a table are used, and what is said of it."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from data.movielens import Ratings
from data.sorted_ratings import both_orders
from recsys.errors import SettingsError
from recsys.features import ItemColumns, ItemSide, Known, UserColumns, UserSide, columns, describe_items, describe_users
from tests.recsys.features.tables import known

N = 40
TABLE: dict[str, Any] = {
    "city": ["Kyiv", "Oslo", "Rome", "Lima"] * 10,
    "about": [f"I am number {row}" for row in range(N)],
    "employee": np.arange(N) + 1000,
    "born": [1950.5 + row for row in range(N)],
    "joined": pd.date_range("2020-01-01", periods=N),
    "always": ["yes"] * N,
    "constant": np.ones(N),
    "never": [None] * N,
    "no number": [np.nan] * N,
    "tags": [("a", "b"), ("b",), ()] * 13 + [()],
    "paid": [True, False] * 20,
}


@pytest.fixture(autouse=True)
def _nothing_was_said_before() -> None:
    """Messages are logged once a process, whichever test comes first."""
    columns._say.cache_clear()


def test_without_names_all_columns_are_used_but_texts_ids_and_what_says_nothing_and_each_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO, "recsys.features"):
        matrix = UserColumns().of_users(known(TABLE, name="plays.csv"))
    assert matrix is not None
    assert matrix.shape == (N, 4 + 8 + 8 + 2 + 2)
    said = "\n".join(caplog.messages)
    assert "about aside: 40 of 40 values are distinct, so it is a text or an id; name it in columns to use it" in said
    assert "employee aside: 40 of 40 values are distinct, so it is an id; name it in columns to use it" in said
    for column in ("never", "no number"):
        assert f"{column} aside: all of its values are missing" in said
    for column in ("always", "constant"):
        assert f"{column} aside: its features are the same in all rows" in said
    assert (
        "UserColumns of plays.csv: city (categories, 4 values), born (numbers, 8 groups), joined (dates, 8 groups), "
        "tags (lists, 2 values), paid (categories, 2 values); 24 features of 40 users." in said
    )


def test_columns_may_be_called_by_numbers() -> None:
    matrix = UserColumns(["0"]).of_users(known(pd.Series(["a", "b"] * 5).to_frame()))  # type: ignore[arg-type]  # so read
    assert matrix is not None
    assert matrix.shape == (10, 2)


def test_what_is_named_is_used_in_the_order_of_the_names() -> None:
    both = ItemColumns(["paid", "employee"]).of_items(known(items=TABLE))
    assert both is not None
    assert both.shape == (N, 2 + 8)
    assert torch.equal(both[:, 1], torch.tensor([1.0, 0] * 20))


def test_a_row_is_described_if_any_column_that_is_used_has_a_value_of_it() -> None:
    table: dict[str, Any] = {
        "text": [f"row {row}" for row in range(12)],
        "group": ["a", "b", None, None] * 3,
        "size": [1.0, np.nan, np.nan, 2.0] * 3,
    }
    every = known(users=table, items=table)
    for features in ([UserColumns(fewest=2), ItemColumns(fewest=2)], [ItemColumns(), UserColumns(), UserColumns()]):
        users, items = describe_users(features, every), describe_items(features, every)
        assert users.rows.tolist() == items.rows.tolist() == [True, True, False, True] * 3
        assert len(users.matrices) == len(features) - 1
        assert len(items.matrices) == 1


@pytest.mark.parametrize("side", ["users", "items"])
class TestErrors:
    @staticmethod
    def features(side: str, every: Known, **settings: Any) -> object:
        return UserColumns(**settings).of_users(every) if side == "users" else ItemColumns(**settings).of_items(every)

    def test_a_column_that_is_not_there_is_named_beside_those_that_are(self, side: str) -> None:
        every = known(TABLE, TABLE, name="plays.csv")
        wanted = (
            rf"asks for cty, tgs, which the table of {side} of plays\.csv does not have\. It has city, about, .*paid"
        )
        with pytest.raises(SettingsError, match=wanted):
            self.features(side, every, columns=["cty", "tags", "tgs"])
        with pytest.raises(SettingsError, match=r"asks for height, which"):
            self.features(side, every, edges={"height": [1.0]})
        with pytest.raises(SettingsError, match=r"asks for code, which"):
            self.features(side, every, as_categories=["code"])

    def test_without_a_table_the_option_is_named_that_gives_one(self, side: str) -> None:
        with pytest.raises(SettingsError, match=rf"plays\.csv has none\. Give a file with one to --data\.{side}, or"):
            self.features(side, known(name="plays.csv"))

    def test_a_table_that_says_nothing_is_refused_with_the_reason_for_each_column(self, side: str) -> None:
        table = {"about": TABLE["about"], "never": TABLE["never"]}
        every = known(table, table)
        reasons = (
            r"about: 40 of 40 values are distinct.*; never: all of its values are missing\. Leave that feature out"
        )
        with pytest.raises(SettingsError, match=reasons):
            self.features(side, every)
        with pytest.raises(SettingsError, match=r"about: its features are the same in all rows"):
            self.features(side, every, columns=["about"])

    def test_edges_of_what_has_no_numbers_are_refused(self, side: str) -> None:
        with pytest.raises(SettingsError, match=r"edges of city, which has categories and no numbers"):
            self.features(side, known(TABLE, TABLE), edges={"city": [1.0]})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": []}, "empty list of columns"),
        ({"fewest": 0}, "at least 1, not 0, 1000 and 8"),
        ({"groups": 0}, "at least 1, not 5, 1000 and 0"),
        ({"most": 0}, "at least 1, not 5, 0 and 8"),
        ({"edges": {"age": [30.0, 20.0]}}, "edges of age are to be ascending numbers"),
        ({"edges": {"age": []}}, "edges of age"),
        ({"edges": {"age": [float("nan")]}}, "edges of age"),
        ({"columns": ["a"], "edges": {"b": [1.0]}, "as_categories": ["c"]}, "how to use b, c, but its columns leave"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UserColumns(**settings)


class TestMovieLens:
    def test_demographics_have_one_feature_for_each_value(self, movielens_100k: Ratings) -> None:
        side = UserSide().of_users(self.known(movielens_100k))
        assert side is not None
        assert side.shape == (943, 7 + 2 + 21)
        assert (side.sum(1) == 3).all()
        table = movielens_100k.user_table
        for group, (least, most) in enumerate([(0, 17), (18, 24), (25, 34), (35, 44), (45, 49), (50, 55), (56, 99)]):
            assert side[:, group].numpy().tolist() == table["age"].between(least, most).astype(float).tolist()
        assert side[:, 7].numpy().tolist() == (table["gender"] == "F").astype(float).tolist()
        assert side[:, 9].numpy().tolist() == (table["occupation"] == "administrator").astype(float).tolist()

    def test_films_have_genres_and_a_group_of_years_and_the_one_without_a_year_is_in_the_middle(
        self, movielens_100k: Ratings
    ) -> None:
        side = ItemSide().of_items(self.known(movielens_100k))
        assert side is not None
        assert side.shape == (1682, 18 + 14)
        genres = movielens_100k.item_table["genres"].map(len).to_numpy()
        lengths = side[:, :18].square().sum(1)
        torch.testing.assert_close(lengths, torch.tensor(genres > 0).float())
        assert torch.equal((side[:, :18] > 0).sum(1), torch.tensor(genres))
        assert (side[:, 18:].sum(1) == 1).all()
        years = movielens_100k.item_table["year"].to_numpy(dtype=np.float64, na_value=np.nan)
        unknown, year_of = int(np.flatnonzero(np.isnan(years))[0]), int(np.flatnonzero(years == np.nanmedian(years))[0])
        assert torch.equal(side[unknown, 18:], side[year_of, 18:])
        assert np.flatnonzero(~ItemSide().describes_items(self.known(movielens_100k)).numpy()).tolist() == [unknown]

    @staticmethod
    def known(ratings: Ratings) -> Known:
        return Known(both_orders(np.array([0]), np.array([1]), np.ones(1, np.float32), 943, 1682), ratings)
