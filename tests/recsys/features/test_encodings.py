"""What becomes of one column of a table."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from recsys.features import UserColumns
from tests.recsys.features.tables import Values, known

UTC = datetime.UTC


def features(values: Values, **settings: Any) -> Tensor:
    """The features of a table of one column."""
    matrix = UserColumns(["column"], **{"fewest": 1, **settings}).of_users(known({"column": values}))
    assert matrix is not None
    assert matrix.dtype == torch.float32
    return matrix


def described(values: Values, **settings: Any) -> list[bool]:
    rows: list[bool] = UserColumns(["column"], **settings).describes_users(known({"column": values})).tolist()
    return rows


class TestCategories:
    @pytest.mark.parametrize(
        "values",
        [
            ["b", "a", "b", "c"],
            pd.Series(["b", "a", "b", "c"], dtype="category"),
            pd.Series(["b", "a", "b", "c"], dtype="string"),
            [" b", "a", "b ", "c"],
            [("x", 2), "a", ("x", 2), "c"],  # cells of different kinds are compared by what is printed of them
        ],
    )
    def test_each_value_has_a_feature(self, values: Any) -> None:
        matrix = features(values)
        assert matrix.shape == (4, 3)
        assert (matrix.sum(1) == 1).all()
        assert torch.equal(matrix @ matrix.T, torch.tensor([[1.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 1]]))

    def test_booleans_are_categories_also_where_some_are_missing(self) -> None:
        assert torch.equal(features([True, False, True]), torch.tensor([[0.0, 1], [1, 0], [0, 1]]))
        for values in ([True, False, None], pd.array([True, False, None], dtype="boolean")):
            assert torch.equal(features(values), torch.tensor([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]]))

    def test_values_of_few_rows_count_together(self) -> None:
        matrix = features(["a", "a", "b", "c", "a", "d"], fewest=2)
        assert torch.equal(matrix[:, 0], torch.tensor([1.0, 1, 0, 0, 1, 0]))
        assert torch.equal(matrix[:, 1], torch.tensor([0.0, 0, 1, 1, 0, 1]))

    def test_of_too_many_values_the_most_frequent_ones_have_a_feature(self) -> None:
        matrix = features(["c", "a", "b", "b", "c", "d"], most=2)
        assert torch.equal(matrix[:, 0], torch.tensor([0.0, 0, 1, 1, 0, 0])), "b"
        assert torch.equal(matrix[:, 1], torch.tensor([1.0, 0, 0, 0, 1, 0])), "c"
        assert torch.equal(matrix[:, 2], torch.tensor([0.0, 1, 0, 0, 0, 1])), "a and d"

    @pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, "", "  "])
    def test_missing_values_have_a_feature_if_many_rows_miss_one_and_zeros_if_few(self, nothing: Any) -> None:
        values = ["a", nothing, "a", "b", nothing, "b"]
        assert torch.equal(features(values, fewest=2)[:, 2], torch.tensor([0.0, 1, 0, 0, 1, 0]))
        few = features([*values, "a", "b"], fewest=3)
        assert few.shape == (8, 2)
        assert not few[[1, 4]].any()
        assert described(values, fewest=2) == [True, False, True, True, False, True]

    def test_numbers_that_are_codes_can_be_categories(self) -> None:
        assert features([7, 900, 7, 20], as_categories=["column"]).shape == (4, 3)
        assert features([7, 900, 7, 20], groups=1, edges={"column": [500.0]}).shape == (4, 2)


class TestLists:
    @pytest.mark.parametrize("kind", [tuple, list, set, np.array])
    def test_each_element_counts_by_how_many_there_are(self, kind: Any) -> None:
        matrix = features([kind(each) for each in (["a", "b"], ["b"], ["c", "a", "b", "d"])])
        half = 0.5**0.5
        expected = torch.tensor([[half, half, 0, 0], [0, 1, 0, 0], [0.5, 0.5, 0.5, 0.5]])
        torch.testing.assert_close(matrix, expected)

    def test_an_empty_list_has_zeros_and_says_nothing_and_a_missing_one_is_a_value(self) -> None:
        values = [("a",), (), None, ("b",), None]
        assert torch.equal(features(values), torch.tensor([[1.0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 0, 1]]))
        assert described(values, fewest=1) == [True, False, False, True, False]

    def test_rare_elements_count_together_and_once(self) -> None:
        matrix = features([["a", "x", "y"], ["a"], ["z", "z"], ["a", None, ""]], fewest=2)
        half = 0.5**0.5
        torch.testing.assert_close(matrix, torch.tensor([[half, half], [1, 0], [0, 1], [1, 0]]))


class TestNumbers:
    def test_groups_are_of_equal_size_whatever_the_scale(self) -> None:
        values = np.random.default_rng(0).permutation(np.exp(np.arange(120) / 4))
        matrix = features(values, groups=6)
        assert matrix.sum(0).tolist() == [20.0] * 6
        groups = matrix.argmax(1).numpy()[np.argsort(values)]
        assert (np.diff(groups) >= 0).all()

    def test_equal_numbers_are_in_one_group_and_a_frequent_one_is_alone_in_it(self) -> None:
        values = np.array([0] * 60 + [*range(1, 21)] + [50] * 40)
        groups = features(values, groups=8).argmax(1).numpy()
        assert set(groups[values == 0]).isdisjoint(groups[values != 0])
        assert set(groups[values == 50]).isdisjoint(groups[values != 50])
        assert len(set(groups[values == 0])) == len(set(groups[values == 50])) == 1

    def test_few_different_numbers_have_a_group_each(self) -> None:
        assert features([1, 2, 3] * 10).shape == (30, 3)
        assert features([0.0] * 99 + [1.0]).shape == (100, 2)

    def test_there_are_no_more_groups_than_rows_can_fill(self) -> None:
        assert features(range(12), fewest=5).sum(0).tolist() == [6.0, 6.0]

    def test_groups_begin_where_edges_say(self) -> None:
        matrix = features([17, 18, 24.5, 25, 99, -3], edges={"column": [18.0, 25.0, 1000.0]})
        assert matrix.argmax(1).tolist() == [0, 1, 1, 2, 2, 0]
        assert matrix.shape == (6, 3), "a group that no row is in has no feature"

    @pytest.mark.parametrize(
        "values",
        [
            [1.0, 2, 3, np.nan],
            pd.array([1, 2, 3, None], dtype="Int64"),
            [Decimal("0.1"), Decimal(2), Decimal(30), None],
            [-np.inf, 0.0, np.inf, np.nan],
            [np.float32(1), 2, 2.5, None],
            [datetime.date(1969, 1, 1), datetime.date(2000, 1, 1), datetime.date(2020, 1, 1), None],
            pd.to_datetime(["1960-01-01", "1990-01-01", "2020-01-01", "NaT"]),
            pd.to_datetime(["1960-01-01", "1990-01-01", "2020-01-01", "NaT"]).tz_localize("Asia/Tokyo"),
            pd.to_timedelta([1, 2, 3, None], unit="D"),
        ],
        ids=lambda values: str(getattr(values, "dtype", type(values[0]).__name__)),
    )
    def test_missing_numbers_and_dates_are_a_group_if_there_are_many_and_near_the_median_if_few(
        self, values: Any
    ) -> None:
        assert torch.equal(features(values), torch.eye(4))
        few = features(list(values) * 2, fewest=3, groups=3)
        assert few.shape == (8, 2)
        assert torch.equal(few[3], few[1])
        assert described(values, fewest=1) == [True, True, True, False]

    def test_a_missing_number_is_put_where_the_median_is(self) -> None:
        matrix = features([*range(90), np.nan], fewest=2, groups=9)
        assert matrix.shape == (91, 9)
        assert torch.equal(matrix[90], matrix[44])

    def test_edges_of_dates_are_in_seconds_since_1970(self) -> None:
        dates = pd.to_datetime(["1999-12-31", "2000-01-01", "2000-01-02"])
        edge = datetime.datetime(2000, 1, 1, tzinfo=UTC).timestamp()
        assert features(dates, edges={"column": [edge]}).argmax(1).tolist() == [0, 1, 1]
