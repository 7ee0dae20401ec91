"""What every peer is: a dataclass of settings that learns from ratings and predicts others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from data.movielens import Ratings, RatingScale

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """Ratings that may be learned from, and what else is known of users and items."""

    users: Indices  # (n,), each in 0 … n_users − 1
    items: Indices  # (n,), each in 0 … n_items − 1
    values: Floats  # (n,), in stars
    n_users: int
    n_items: int
    scale: RatingScale
    user_features: Floats  # (n_users, d): age in standard deviations, gender and occupation one-hot
    item_features: Floats  # (n_items, e): year in standard deviations, genres one-hot
    times_of: Callable[[Indices, Indices], Indices]
    """When pairs of users and items were rated, in seconds since the epoch; also of pairs that are to be predicted."""

    @property
    def mean(self) -> float:
        """Mean rating, in stars."""
        return float(self.values.mean(dtype=np.float64))


class Peer(ABC):
    """A method of rating prediction. Subclasses are dataclasses, whose fields are the frozen settings."""

    seed: int

    @abstractmethod
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        """Learn from the ratings.

        Args:
            train: all the ratings that may be learned from.
            after_epoch: called with the number of epochs done, by methods that can predict in between.
        """

    @abstractmethod
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.floating[Any]]:
        """Ratings of pairs, as two index arrays (n,), in stars; they are not clipped to the scale."""

    @abstractmethod
    def n_parameters(self) -> int | None:
        """Number of learned values; None for a method that keeps the ratings themselves."""

    def matrix(self, n_users: int, n_items: int) -> Tensor | None:
        """Predictions of all pairs (n_users, n_items), unclipped; None for a method that takes minutes for them."""
        users, items = np.divmod(np.arange(n_users * n_items), n_items)
        return torch.from_numpy(self.predict(users, items)).view(n_users, n_items)


def training_set(ratings: Ratings, rows: npt.NDArray[np.integer[Any]]) -> TrainingSet:
    """The given rows of a data set, with its user and item tables as numbers.

    A table without a column, such as the users of a data set that says nothing of them, gives (n, 0) features.
    """
    users, items = ratings.pairs(rows)
    return TrainingSet(
        users=users,
        items=items,
        values=ratings.values[rows],
        n_users=ratings.n_users,
        n_items=ratings.n_items,
        scale=ratings.scale,
        user_features=_user_features(ratings.user_table),
        item_features=_item_features(ratings.item_table),
        times_of=ratings.times_of,
    )


def _user_features(table: pd.DataFrame) -> Floats:
    if table.columns.empty:
        return np.zeros((len(table), 0), np.float32)
    coded = pd.get_dummies(table[["gender", "occupation"]])
    return np.column_stack([_standardised(table["age"]), coded]).astype(np.float32)


def _item_features(table: pd.DataFrame) -> Floats:
    if table.columns.empty:
        return np.zeros((len(table), 0), np.float32)
    coded = table["genres"].str.join("|").str.get_dummies()
    year = table["year"].astype("float64")
    return np.column_stack([_standardised(year.fillna(year.mean())), coded]).astype(np.float32)


def _standardised(column: pd.Series[Any]) -> npt.NDArray[np.float64]:
    centred = column.to_numpy(dtype=np.float64) - column.mean()
    return centred / (centred.std() or 1.0)  # a constant column says nothing and becomes zero
