"""A pair that is rated twice: both lines are named, or one rating is kept, and what is left out is counted."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from data.errors import DuplicateRatingError, OptionError
from data.ratings import RatingScale
from data.tables import read_ratings
from data.tables.reading import read_train_and_test
from tests.data.tables.rows import Rows, read, rows

TIMED = "user,item,rating,time\n1,10,4,300\n2,10,1,50\n1,10,2,100\n1,20,5,100\n1,10,3,200\n"


def test_both_lines_of_the_first_repetition_are_named(tmp_path: Path) -> None:
    with pytest.raises(DuplicateRatingError) as raised:
        read(tmp_path, TIMED)
    file = tmp_path / "plays.csv"
    assert str(raised.value) == (
        f"{file}, line 4: user 1 rates item 10 again, after {file}, line 2. "
        "Remove one, or say --data.duplicates last, first or mean."
    )


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("first", [(2, 10, 1.0, 50), (1, 10, 2.0, 100), (1, 20, 5.0, 100)]),
        ("last", [(1, 10, 4.0, 300), (2, 10, 1.0, 50), (1, 20, 5.0, 100)]),
        ("mean", [(1, 10, 3.0, 300), (2, 10, 1.0, 50), (1, 20, 5.0, 100)]),
    ],
)
def test_one_rating_of_a_pair_is_kept_by_time(
    choice: str, expected: Rows, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "data"):
        ratings = read(tmp_path, TIMED, duplicates=choice)
    assert rows(ratings) == expected
    assert f"2 ratings of pairs that are rated several times were left out: --data.duplicates {choice}" in caplog.text
    assert ratings.scale == RatingScale(1, 5, None if choice == "mean" else 1)


def test_without_times_further_down_is_later() -> None:
    table = {"user": [1, 1, 1], "item": [7, 7, 8], "rating": [1, 4, 5]}
    assert rows(read_ratings(table, duplicates="last")) == [(1, 7, 4.0), (1, 8, 5.0)]
    assert rows(read_ratings(table, duplicates="first")) == [(1, 7, 1.0), (1, 8, 5.0)]
    assert rows(read_ratings(table, duplicates="mean")) == [(1, 7, 2.5), (1, 8, 5.0)]


def test_of_equal_times_further_down_is_later() -> None:
    table = {"user": [1, 1, 1], "item": [7, 7, 8], "rating": [1, 4, 5], "time": [9, 9, 9]}
    assert rows(read_ratings(table, duplicates="last")) == [(1, 7, 4.0, 9), (1, 8, 5.0, 9)]


def test_without_repetitions_a_choice_changes_nothing() -> None:
    table = {"user": [2, 1], "item": [7, 7], "rating": [1, 4]}
    ratings = read_ratings(table, duplicates="mean")
    assert (rows(ratings), ratings.scale.step) == ([(2, 7, 1.0), (1, 7, 4.0)], 3)


def test_what_is_no_choice_is_refused() -> None:
    with pytest.raises(OptionError, match="duplicates are refuse, first, last, mean, not 'drop'"):
        read_ratings({}, duplicates="drop")  # type: ignore[arg-type]  # the value under test


TRAIN = {"user": [1, 1, 1], "item": [7, 8, 7], "rating": [1, 5, 3]}


def test_a_repetition_in_train_leaves_test_where_it_is() -> None:
    ratings, n_train = read_train_and_test(TRAIN, {"user": [2], "item": [8], "rating": [4]}, duplicates="last")
    assert (rows(ratings), n_train) == ([(1, 8, 5.0), (1, 7, 3.0), (2, 8, 4.0)], 2)


@pytest.mark.parametrize("choice", ["refuse", "first", "last", "mean"])
def test_a_pair_in_train_and_test_is_refused_whatever_is_chosen(choice: str) -> None:
    train = {"user": [1, 1], "item": [7, 8], "rating": [1, 5]}
    test = {"user": [2, 1], "item": [7, 8], "rating": [2, 3]}
    with pytest.raises(DuplicateRatingError) as raised:
        read_train_and_test(train, test, duplicates=choice)  # type: ignore[arg-type]  # one of the choices
    assert str(raised.value) == (
        "the dict, row 2: user 1 rates item 8 again, after the dict, row 2. "
        "A rating to test on may not be trained on: remove one."
    )


@pytest.mark.parametrize("order", ["by user", "by item"])
def test_a_repetition_is_found_in_any_order_of_rows(order: str, tmp_path: Path) -> None:
    pairs = [(user, item) for user in ("b", "a", "c") for item in (3, 1, 2)]
    if order == "by item":
        pairs.sort(key=lambda pair: pair[1])
    again = [*pairs[:-1], pairs[-3], pairs[-1]]
    sound, twice = ("user,item,rating\n" + "".join(f"{u},{i},{i}\n" for u, i in each) for each in (pairs, again))
    assert len(read(tmp_path, sound)) == len(pairs)
    with pytest.raises(DuplicateRatingError, match=r"line 10: user .* again, after .*line 8\."):
        read(tmp_path, twice)
