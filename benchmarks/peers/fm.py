"""Bayesian factorisation machine (Rendle, ACM TIST 2012), by Gibbs sampling with the library myfm.

r̂(x) = w₀ + Σ_f w_f x_f + Σ_{f<g} ⟨v_f, v_g⟩ x_f x_g, averaged over samples of w, V and of their priors' means and
precisions. x is the user and the item, one-hot; `FMImplicit` adds the items the user has rated and the users who have
rated the item, in the training ratings, however they rated: each weighted 1/√count. Every kind of feature has a prior
of its own. Since only the number of samples and the rank are to be chosen, there is nothing that stops too late.

`FMDate` is told all that MovieLens 100K says: age, gender, occupation, genres, year and the day of the rating, a column
for each value. `FMWindows` has in place of the day the windows of time that our own model has, a column for each user
and window.

Rank 10 and 200 samples, of which the first five are left out; nothing else was tried. Validation RMSE 0.8917
(`python -m benchmarks.peers.validate fm --seeds 100`).
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from typing_extensions import override

from benchmarks.peers.peer import Floats, Indices, Peer, TrainingSet

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # that pkg_resources will go, which is why setuptools is kept below 81
    import myfm

_GROUPS = 10  # of ages and of years
_DAY = 86_400
_WIDTHS = (1, 10, 60, 300, 1800, _DAY)  # seconds


@dataclass
class FM(Peer):
    """The user and the item of a rating."""

    seed: int = 0
    rank: int = 10
    samples: int = 200

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        self._times_of = train.times_of
        self._times = [np.unique(keys) for keys in self._time_keys(train.users, train.items)]
        self._blocks, groups = self._features(train)
        self._groups = [*(len(keys) for keys in self._times), *groups]
        self._machine = myfm.MyFMRegressor(rank=self.rank, random_seed=self.seed)
        with contextlib.redirect_stderr(io.StringIO()):  # the library's progress bar, which cannot be turned off
            self._machine.fit(
                self._time_columns(train.users, train.items),
                train.values.astype(np.float64),
                X_rel=self._relations(train.users, train.items),
                n_iter=self.samples,
                group_shapes=self._groups,
            )

    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float64]:
        predicted: npt.NDArray[np.float64] = self._machine.predict(
            self._time_columns(users, items), self._relations(users, items)
        )
        return predicted

    @override
    def n_parameters(self) -> int | None:
        return 1 + sum(self._groups) * (1 + self.rank)

    @override
    def matrix(self, n_users: int, n_items: int) -> None:
        return None

    def _features(self, train: TrainingSet) -> tuple[list[sparse.csr_matrix], list[int]]:
        """The rows that describe each user and each item, and the sizes of the groups of their columns."""
        groups = [train.n_users, train.n_items]
        return [sparse.identity(n, format="csr") for n in groups], groups

    def _time_keys(self, users: Indices, items: Indices) -> list[Indices]:
        """A number for the window of time of each rating (n,), for each kind of window."""
        return []

    def _time_columns(self, users: Indices, items: Indices) -> sparse.csr_matrix | None:
        """One column for each window that the training ratings have."""
        known = zip(self._times, self._time_keys(users, items), strict=True)
        columns = [_one_hot(keys, values) for values, keys in known]
        return sparse.hstack(columns, format="csr") if columns else None

    def _relations(self, users: Indices, items: Indices) -> list[Any]:
        return [
            myfm.RelationBlock(rows.tolist(), block) for rows, block in zip((users, items), self._blocks, strict=True)
        ]


@dataclass
class FMImplicit(FM):
    """Also who has rated what."""

    @override
    def _features(self, train: TrainingSet) -> tuple[list[sparse.csr_matrix], list[int]]:
        shape = (train.n_users, train.n_items)
        rated = sparse.csr_matrix((np.ones(train.users.size), (train.users, train.items)), shape)
        identities, (n_users, n_items) = super()._features(train)
        implicit = [_by_root_of_count(rated), _by_root_of_count(rated.T.tocsr())]
        blocks = [sparse.hstack(pair, format="csr") for pair in zip(identities, implicit, strict=True)]
        return blocks, [n_users, n_items, n_items, n_users]


@dataclass
class FMDate(FMImplicit):
    """Also age, gender and occupation, genres and year, and the day of the rating."""

    @override
    def _features(self, train: TrainingSet) -> tuple[list[sparse.csr_matrix], list[int]]:
        blocks, groups = super()._features(train)
        sides = [_in_columns(train.user_features), _in_columns(train.item_features)]
        blocks = [sparse.hstack(pair, format="csr") for pair in zip(blocks, sides, strict=True)]
        users, items, rated, rated_by = groups
        return blocks, [users, rated, sides[0].shape[1], items, rated_by, sides[1].shape[1]]

    @override
    def _time_keys(self, users: Indices, items: Indices) -> list[Indices]:
        return [self._times_of(users, items) // _DAY]


@dataclass
class FMWindows(FMDate):
    """In place of the day, a user's windows of a second, 10 seconds, 1, 5 and 30 minutes and a day."""

    @override
    def _time_keys(self, users: Indices, items: Indices) -> list[Indices]:
        return [users * 2**40 + self._times_of(users, items) // width for width in _WIDTHS]


def _by_root_of_count(rated: sparse.csr_matrix) -> sparse.csr_matrix:
    counts = np.maximum(rated.getnnz(axis=1), 1)
    return sparse.diags(1 / np.sqrt(counts)) @ rated


def _in_columns(features: Floats) -> sparse.csr_matrix:
    """Features whose first is a number, here in ten groups of as many rows, and whose others are words."""
    if not features.shape[1]:
        return sparse.csr_matrix(features)
    groups = np.digitize(features[:, 0], np.unique(np.quantile(features[:, 0], np.linspace(0, 1, _GROUPS + 1)[1:-1])))
    return sparse.hstack([_one_hot(groups, np.unique(groups)), sparse.csr_matrix(features[:, 1:])], format="csr")


def _one_hot(keys: npt.NDArray[np.int64], values: npt.NDArray[np.int64]) -> sparse.csr_matrix:
    """A column for each of the sorted values; rows with another key have none."""
    place = np.searchsorted(values, keys).clip(max=len(values) - 1)
    rows = np.flatnonzero(values[place] == keys)
    return sparse.csr_matrix((np.ones(len(rows)), (rows, place[rows])), (len(keys), len(values)))
