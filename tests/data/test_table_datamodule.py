"""The data module of anyone's ratings: given and drawn splits, validation, times that nobody knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.datamodules import TableDataModule
from data.errors import OptionError, RatingOutsideScaleError, SplitUnavailableError, UnknownTimesError
from data.splits import GIVEN, Split

N = 200
PLAYS = pd.DataFrame(
    {
        "user": [f"u{row // 10}" for row in range(N)],
        "item": [f"i{(row * 7) % 10}" for row in range(N)],
        "rating": [row % 5 + 1 for row in range(N)],
        "time": [(row * 37) % N for row in range(N)],
    }
)
TRAIN, TEST = PLAYS.iloc[:150], PLAYS.iloc[150:]


def parts(split: Split) -> tuple[list[int], list[int]]:
    return split.train.tolist(), split.test.tolist()


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    TableDataModule(ratings=tmp_path / "missing.csv")


def test_drawn_splits_are_those_of_any_ratings() -> None:
    data = TableDataModule(ratings=PLAYS, split="0.8", seed=3, validation=0.25)
    assert (len(data.split.train), len(data.split.test), data.split_name) == (160, 40, "0.8")
    (validation,) = data.val_dataloader()
    assert [sum(len(batch[0]) for batch in loader) for loader in (data.train_dataloader(), validation)] == [120, 40]
    again = TableDataModule(ratings=PLAYS, split="0.8", seed=3)
    assert parts(again.split) == parts(data.split)
    assert (data.n_users, data.n_items, data.rating_scale) == (20, 10, (1.0, 5.0))


def test_a_split_by_time_tests_on_the_latest() -> None:
    data = TableDataModule(ratings=PLAYS, split="time-0.9")
    times = data.ratings.require_times()
    assert times[data.split.test].min() > times[data.split.train].max()


def test_given_test_ratings_are_tested_on_and_validation_comes_out_of_the_others() -> None:
    data = TableDataModule(ratings=TRAIN, test=TEST, validation=0.2, seed=1)
    assert (data.split_name, data.split.name) == (GIVEN, GIVEN)
    assert parts(data.split) == (list(range(150)), list(range(150, N)))
    (validation,) = data.val_dataloader()
    trained, validated = data.training_set()[0], next(iter(validation))[0]
    assert (len(trained), len(validated)) == (120, 30)
    (test,) = data.test_dataloader()
    tested = [data.ratings.user_ids[user] for user in test[0].tolist()]
    assert tested == TEST["user"].tolist()
    assert test[2].tolist() == TEST["rating"].tolist()


def test_users_and_items_of_test_ratings_alone_are_known_to_the_data() -> None:
    new = pd.DataFrame({"user": ["new"], "item": ["other"], "rating": [3], "time": [5]})
    data = TableDataModule(ratings=TRAIN, test=new)
    assert (data.n_users, data.n_items) == (16, 11)


def test_the_order_of_columns_and_the_format_of_test_ratings_may_be_others(tmp_path: Path) -> None:
    TRAIN.to_csv(tmp_path / "train.csv", index=False)
    TEST[["time", "rating", "item", "user"]].to_parquet(tmp_path / "test.parquet")
    data = TableDataModule(ratings=tmp_path / "train.csv", test=tmp_path / "test.parquet")
    whole = TableDataModule(ratings=PLAYS).ratings
    for name in ("users", "items", "values", "timestamps"):
        assert np.array_equal(getattr(data.ratings, name), getattr(whole, name))


def test_test_ratings_must_be_on_the_scale_that_is_given() -> None:
    beyond = TEST.assign(rating=6)
    with pytest.raises(RatingOutsideScaleError, match=r"row 1: the rating 6 is none of 1, 2, \.\.\. 5"):
        _ = TableDataModule(ratings=TRAIN, test=beyond, scale="1,5").ratings


def test_times_must_be_known_of_all_or_none() -> None:
    with pytest.raises(Exception, match=r"has times, and the DataFrame has none. Give times to all, or leave them out"):
        _ = TableDataModule(ratings=TRAIN, test=TEST.drop(columns="time")).ratings
    data = TableDataModule(ratings=TRAIN, test=TEST.drop(columns="time"), columns={"time": ""})
    assert data.ratings.timestamps is None


def test_without_times_what_needs_them_says_so_and_what_to_do() -> None:
    data = TableDataModule(ratings=PLAYS.drop(columns="time"), split="time-0.9")
    for needs in (lambda: data.split, lambda: data.rating_times(*data.training_set()[:2])):
        with pytest.raises(UnknownTimesError) as raised:
            needs()
        assert str(raised.value) == (
            "a DataFrame does not say when its ratings were given. Name the column of times "
            "(--data.columns.time NAME), or use a split without time, and a model without it, such as that of "
            "best-ratings."
        )


@pytest.mark.parametrize("split", ["u1", "ua"])
def test_splits_of_movielens_are_refused(split: str) -> None:
    with pytest.raises(SplitUnavailableError, match="is defined by the row order of MovieLens 100k"):
        _ = TableDataModule(ratings=PLAYS, split=split).split


@pytest.mark.parametrize(
    "change",
    [
        {"ratings": TRAIN.assign(rating=TRAIN["rating"].replace(2, 1))},
        {"ratings": TRAIN.assign(time=TRAIN["time"] + 1), "test": TEST.assign(time=TEST["time"] + 1)},
        {"ratings": TRAIN.replace("u3", "u3 ")},
        {"ratings": TRAIN.iloc[::-1]},
        {"ratings": PLAYS.iloc[:149], "test": PLAYS.iloc[149:]},
        {"columns": {"time": ""}},
        {"scale": "0,5"},
        {"users": pd.DataFrame({"user": ["u1"], "age": [3]})},
        {"items": pd.DataFrame({"item": ["i1"], "title": ["One"]})},
    ],
)
def test_the_hash_tells_what_a_model_learns_from(change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"ratings": TRAIN, "test": TEST}
    before = TableDataModule(**given).ratings.sha256
    assert TableDataModule(**given).ratings.sha256 == before
    assert TableDataModule(**(given | change)).ratings.sha256 != before


def test_the_hash_does_not_tell_where_ratings_lie(tmp_path: Path) -> None:
    PLAYS.to_csv(tmp_path / "plays.csv", index=False)
    PLAYS.to_parquet(tmp_path / "plays.parquet")
    hashes = {TableDataModule(ratings=each).ratings.sha256 for each in (PLAYS, *tmp_path.iterdir())}
    assert len(hashes) == 1


def test_files_are_read_once_for_data_modules_that_follow_one_another_and_again_when_they_have_changed(
    tmp_path: Path,
) -> None:
    file = tmp_path / "plays.csv"
    PLAYS.to_csv(file, index=False)
    first = TableDataModule(ratings=file, columns={"time": ""}, scale=[1, 5]).ratings
    assert TableDataModule(ratings=file, columns={"time": ""}, scale=[1, 5], seed=3).ratings is first
    assert len(TableDataModule(ratings=file, scale=[1, 5]).ratings.require_times()) == N
    TRAIN.to_csv(file, index=False)
    assert len(TableDataModule(ratings=file, columns={"time": ""}, scale=[1, 5]).ratings) == len(TRAIN)


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="validation"):
        TableDataModule(ratings=PLAYS, validation=1)
    with pytest.raises(OptionError, match="a scale is"):
        _ = TableDataModule(ratings=PLAYS, scale="5").ratings
