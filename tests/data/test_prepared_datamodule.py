"""The data module of prepared ratings: the splits, batches and fits of the source they were made from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from data.datamodules import MovieLensDataModule, PreparedDataModule, RatingsDataModule, TableDataModule
from data.errors import DuplicateRatingError, PreparedFolderError
from data.movielens import Ratings
from data.prepared import arrays, prepare
from data.splits import GIVEN
from data.tables.duplicates import Choice

SPLITS = ["0.9", "kfold-5-2", "time-0.8", "all"]


@pytest.fixture(scope="module")
def table(movielens_100k: Ratings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MovieLens 100k as a table."""
    ratings = movielens_100k
    file = tmp_path_factory.mktemp("table") / "u.csv"
    pd.DataFrame(
        {
            "user": ratings.user_ids[ratings.users],
            "item": ratings.item_ids[ratings.items],
            "rating": ratings.values,
            "time": ratings.timestamps,
        }
    ).to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def of_table(table: Path) -> Path:
    """The table, prepared."""
    prepare(table, table.with_name("prepared"))
    return table.with_name("prepared")


def require_same_batches(one: RatingsDataModule, other: RatingsDataModule) -> None:
    """Ids, rows of the split, and training and validation batches are the same."""
    assert one.ratings.user_ids.tolist() == other.ratings.user_ids.tolist()
    assert one.ratings.item_ids.tolist() == other.ratings.item_ids.tolist()
    assert np.array_equal(one.split.train, other.split.train)
    assert np.array_equal(one.split.test, other.split.test)
    loaders: list[Callable[[RatingsDataModule], object]] = [
        lambda data: list(map(tuple, data.train_dataloader())),
        lambda data: [list(loader) for loader in data.val_dataloader()],
        lambda data: list(data.test_dataloader()),
    ]
    for loader in loaders:
        for batches in zip(_tensors(loader(one)), _tensors(loader(other)), strict=True):
            assert batches[0].dtype == batches[1].dtype
            assert torch.equal(*batches)


def _tensors(batches: object) -> list[torch.Tensor]:
    if isinstance(batches, torch.Tensor):
        return [batches]
    assert isinstance(batches, list | tuple)
    return [tensor for each in batches for tensor in _tensors(each)]


@pytest.mark.parametrize("split", SPLITS)
def test_splits_and_batches_are_those_of_the_table(split: str, table: Path, of_table: Path) -> None:
    options = {"split": split, "seed": 3, "validation": 0.1, "batch_size": 30_000}
    require_same_batches(
        PreparedDataModule(of_table, **options),  # type: ignore[arg-type]
        TableDataModule(table, **options),  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("split", ["u1", "ub"])
def test_official_splits_of_movielens_are_those_of_its_own_data_module(split: str, tmp_path: Path) -> None:
    prepare("100k", tmp_path / "prepared")
    require_same_batches(PreparedDataModule(tmp_path / "prepared", split=split), MovieLensDataModule(split=split))


@pytest.mark.parametrize("choice", ["refuse", "last"])
def test_given_test_ratings_are_those_of_the_table(choice: Choice, tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.parquet"
    again = "b,x,3,2\n" if choice == "last" else ""
    train.write_text(f"user,item,rating,time\na,x,1,1\nb,x,2,3\n{again}b,y,5,4\nc,y,4,5\n")
    pd.DataFrame({"user": ["a", "d"], "item": ["y", "z"], "rating": [3, 4], "time": [7, 8]}).to_parquet(test)
    prepare(train, tmp_path / "prepared", test=test, duplicates=choice)
    one = PreparedDataModule(tmp_path / "prepared", validation=0.3)
    other = TableDataModule(train, test=test, duplicates=choice, validation=0.3)
    require_same_batches(one, other)
    assert one.ratings.sha256 == other.ratings.sha256
    assert (one.split_name, one.split.train.size, one.split.test.size) == (GIVEN, 4, 2)


@pytest.mark.parametrize("choice", ["refuse", "last"])
def test_a_rating_to_test_on_may_not_be_trained_on(choice: Choice, tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_text(
        "user,item,rating\na,x,1\nb,x,2\nb,y,5\nb,y,4\n" if choice == "last" else "user,item,rating\na,x,1\nb,x,2\n"
    )
    test.write_text("user,item,rating\nc,x,1\nb,x,2\n")
    with pytest.raises(DuplicateRatingError) as expected:
        _ = TableDataModule(train, test=test, duplicates=choice).ratings
    with pytest.raises(DuplicateRatingError) as raised:
        prepare(train, tmp_path / "prepared", test=test, duplicates=choice)
    assert str(raised.value) == str(expected.value)


def test_times_of_pairs_are_those_of_the_table(table: Path, of_table: Path) -> None:
    one, other = PreparedDataModule(of_table), TableDataModule(table)
    users, items, _ = other.training_set()
    assert torch.equal(one.rating_times(users, items), other.rating_times(users, items))


def test_prepared_ratings_are_opened_once_and_anew_when_they_have_changed(tmp_path: Path) -> None:
    file, folder = tmp_path / "plays.csv", tmp_path / "prepared"
    file.write_text("user,item,rating\na,x,1\nb,x,2\n")
    prepare(file, folder)
    first = PreparedDataModule(folder).ratings
    assert PreparedDataModule(folder, seed=3).ratings is first
    prepare(file, folder, scale="0,5", replace=True)
    assert PreparedDataModule(folder).rating_scale == (0, 5)


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    data = PreparedDataModule(tmp_path / "missing")
    with pytest.raises(PreparedFolderError, match="holds no prepared ratings"):
        _ = data.ratings


@pytest.mark.parametrize("split", ["0.9", "all"])
def test_training_ratings_in_both_orders_are_those_of_the_table(
    split: str, table: Path, of_table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "BLOCK", 7777)
    one, other = PreparedDataModule(of_table, split, validation=0), TableDataModule(table, split=split, validation=0)
    for found, expected in zip(one.sorted_training_set(), other.sorted_training_set(), strict=True):
        assert np.array_equal(found.starts, expected.starts)
        assert np.array_equal(found.others, expected.others)
        assert np.array_equal(found.values, expected.values)
        assert np.array_equal(found.sides, np.repeat(np.arange(len(found)), found.counts))
    assert all(data.sorted_training_set() is data.sorted_training_set() for data in (one, other))
