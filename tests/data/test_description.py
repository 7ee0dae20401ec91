"""What is said of ratings before training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.description import Bar, Spread, describe
from data.movielens import Ratings
from data.tables import read_ratings


def of(rows: Sequence[tuple[Any, ...]], **options: Any) -> Ratings:
    names = ["user", "item", "rating", "time"]
    return read_ratings(pd.DataFrame(rows, columns=names[: len(rows[0])]), **options)


def test_movielens_is_described_as_its_publisher_does(movielens_100k: Ratings) -> None:
    said = describe(movielens_100k)
    assert (said.n_ratings, said.n_users, said.n_items) == (100_000, 943, 1682)
    assert said.density == pytest.approx(0.0630, abs=5e-5)
    assert [bar.n_ratings for bar in said.histogram] == [6110, 11370, 27145, 34174, 21201]
    assert [bar.least for bar in said.histogram] == [1, 2, 3, 4, 5]
    per_user, per_item = Spread.of(said.per_user), Spread.of(said.per_item)
    assert (per_user.least, per_user.median, per_user.most) == (20, 65, 737)
    assert (per_item.least, per_item.median, per_item.most) == (1, 27, 583)
    assert said.span is not None
    assert (said.span.first[:10], said.span.last[:10], round(said.span.days)) == ("1997-09-20", "1998-04-22", 215)
    assert said.duplicates == 0
    assert said.mean == pytest.approx(3.52986)
    assert said.standard_deviation == pytest.approx(np.std(movielens_100k.values, dtype=np.float64))


def test_cold_ratings_are_those_of_users_and_items_that_the_training_part_does_not_have() -> None:
    everybody_once = [(user, user, 1 + user % 5) for user in range(100)]
    said = describe(of(everybody_once)).cold
    assert said is not None
    assert said._asdict() == {"n_test": 10, "of_unknown_users": 10, "of_unknown_items": 10, "of_either": 10}
    one_item = [(user, 7, 1 + user % 5) for user in range(100)]
    said = describe(of(one_item)).cold
    assert said is not None
    assert said._asdict() == {"n_test": 10, "of_unknown_users": 10, "of_unknown_items": 0, "of_either": 10}


def test_too_few_ratings_have_no_tenth_to_test_on() -> None:
    said = describe(of([(1, 1, 2), (1, 2, 3)]))
    assert said.cold is None
    assert said.as_json()["cold"] is None


def test_duplicates_are_counted_and_left_out() -> None:
    rows = [(1, 1, 2, 10), (1, 1, 5, 30), (1, 1, 4, 20), (2, 1, 3, 40), (2, 1, 2, 50), (3, 1, 1, 60)]
    for choice, ratings in (("last", [5, 2, 1]), ("first", [2, 3, 1])):
        said = describe(of(rows, duplicates=choice))
        assert (said.duplicates, said.n_ratings) == (3, 3)
        assert sum(bar.n_ratings for bar in said.histogram) == 3
        assert said.mean == pytest.approx(np.mean(ratings))


def test_levels_without_ratings_have_bars_and_continuous_scales_have_ten() -> None:
    assert describe(of([(1, 1, 1), (1, 2, 5), (2, 2, 5)], scale="1,5,1")).histogram == [
        Bar(1, 1, 1), Bar(2, 2, 0), Bar(3, 3, 0), Bar(4, 4, 0), Bar(5, 5, 2),
    ]  # fmt: skip
    halves = describe(of([(1, 1, 0.5), (1, 2, 1), (2, 2, 2.5)]))
    assert [bar.least for bar in halves.histogram] == [0.5, 1, 1.5, 2, 2.5]
    values = np.random.default_rng(0).uniform(-10, 10, 500)
    continuous = describe(of([(row % 25, row, value) for row, value in enumerate(values)]))
    assert len(continuous.histogram) == 10
    assert sum(bar.n_ratings for bar in continuous.histogram) == 500
    assert continuous.histogram[0].least == pytest.approx(values.min())
    assert continuous.as_json()["scale"]["step"] is None


def test_times_may_be_unknown() -> None:
    said = describe(of([(1, 1, 1), (1, 2, 5)]))
    assert said.span is None
    assert said.as_json()["time"] is None
