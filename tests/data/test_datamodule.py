"""The data module: which ratings go where, and in what order."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

from data.datamodules import Batch, MovieLensDataModule
from data.errors import UnknownSplitError
from data.movielens import Ratings


def pairs(batches: Iterable[Batch]) -> list[tuple[int, int]]:
    """User and item of every rating, in the order they come."""
    return [pair for users, items, _ in batches for pair in zip(users.tolist(), items.tolist(), strict=True)]


def test_train_validation_and_test_are_disjoint_and_cover_everything(movielens_100k: Ratings) -> None:
    data = MovieLensDataModule(split="0.8", seed=1, validation=0.1)
    (validation,) = data.val_dataloader()
    parts = [pairs(loader) for loader in (data.train_dataloader(), validation, data.test_dataloader())]
    assert [len(part) for part in parts] == [72_000, 8_000, 20_000]
    assert len(set().union(*parts)) == len(movielens_100k)
    assert pairs(data.predict_dataloader()) == parts[2]


def test_without_validation_the_model_sees_all_training_ratings() -> None:
    data = MovieLensDataModule(validation=0)
    assert data.val_dataloader() == []
    assert len(data.training_set()[0]) == 90_000


def test_a_full_batch_is_the_training_set_in_order() -> None:
    data = MovieLensDataModule()
    (batch,) = data.train_dataloader()
    assert all(torch.equal(part, whole) for part, whole in zip(batch, data.training_set(), strict=True))
    assert batch[2].dtype == torch.float32


def test_batches_cover_the_training_set_in_an_order_of_seed_and_epoch() -> None:
    data = MovieLensDataModule(batch_size=4096, seed=3)
    loader = data.train_dataloader()
    first, again = pairs(loader), pairs(data.train_dataloader())
    loader.sampler.set_epoch(1)  # type: ignore[attr-defined]  # as Lightning does before each epoch
    second = pairs(loader)
    assert first == again
    assert first != second
    assert sorted(first) == sorted(second) == sorted(pairs([data.training_set()]))
    assert len(loader) == -(-81_000 // 4096) == len(list(loader))


def test_sizes_and_scale_are_those_of_the_whole_data_set(movielens_100k: Ratings) -> None:
    data = MovieLensDataModule(split="u1")
    assert (data.n_users, data.n_items, data.rating_scale) == (943, 1682, (1.0, 5.0))
    assert np.array_equal(data.split.test, np.arange(20_000))
    assert data.ratings.sha256 == movielens_100k.sha256


@pytest.mark.parametrize("options", [{"validation": -0.1}, {"validation": 1.0}, {"batch_size": 0}])
def test_values_out_of_range_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        MovieLensDataModule(**options)  # type: ignore[arg-type]  # the values under test


def test_an_unknown_split_is_refused_before_anything_is_read() -> None:
    with pytest.raises(UnknownSplitError, match="there is no split 'u9'"):
        MovieLensDataModule(split="u9")


def test_a_share_that_yaml_made_a_number_of_is_the_split_of_that_name() -> None:
    data = MovieLensDataModule(split=0.8)
    assert (data.split_name, data.hparams["split"]) == ("0.8", "0.8")


def test_nothing_is_read_before_it_is_needed(tmp_path: Path) -> None:
    MovieLensDataModule(path=tmp_path / "missing.zip")
