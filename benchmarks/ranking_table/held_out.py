"""Who rated what to train on, and what to rank, of a split of MovieLens 100K."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data.datamodules import MovieLensDataModule
from data.ratings import Ratings
from data.splits import carve_validation, make_split

Floats = npt.NDArray[np.floating[Any]]


class HeldOut(NamedTuple):
    """Ratings of users × items, 0 where there is none."""

    train: npt.NDArray[np.float32]
    asked: npt.NDArray[np.float32]
    """What is held out: the test ratings, or validation ratings."""


def test_part(split: str, seed: int) -> HeldOut:
    """All training ratings, and the test ratings."""
    ratings = movielens()
    divided = make_split(ratings, split, seed)
    return HeldOut(_matrix(ratings, divided.train), _matrix(ratings, divided.test))


def validation_part(split: str, seed: int) -> HeldOut:
    """Nine tenths of the training ratings, and the others; test ratings are left aside."""
    ratings = movielens()
    train, validation = carve_validation(ratings, make_split(ratings, split, seed), 0.1, seed)
    return HeldOut(_matrix(ratings, train), _matrix(ratings, validation))


@cache
def movielens() -> Ratings:
    """MovieLens 100K."""
    data = MovieLensDataModule(name="100k")
    data.prepare_data()
    data.setup("fit")
    return data.ratings


def _matrix(ratings: Ratings, rows: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
    matrix = np.zeros((len(ratings.user_ids), len(ratings.item_ids)), np.float32)
    matrix[ratings.users[rows], ratings.items[rows]] = ratings.values[rows]
    return matrix
