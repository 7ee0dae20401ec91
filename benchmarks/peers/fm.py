"""Bayesian factorisation machine (Rendle, ACM TIST 2012), by Gibbs sampling with the library myfm.

r̂(x) = w₀ + Σ_f w_f x_f + Σ_{f<g} ⟨v_f, v_g⟩ x_f x_g, averaged over samples of w, V and of their priors' means and
precisions. x is the user and the item, one-hot; `FMImplicit` adds the items the user has rated and the users who have
rated the item, in the training ratings, however they rated: each weighted 1/√count. Every kind of feature has a prior
of its own. Since only the number of samples and the rank are to be chosen, there is nothing that stops too late.

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

from benchmarks.peers.peer import Indices, Peer, TrainingSet

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # that pkg_resources will go, which is why setuptools is kept below 81
    import myfm


@dataclass
class FM(Peer):
    """The user and the item of a rating."""

    seed: int = 0
    rank: int = 10
    samples: int = 200

    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        self._blocks, self._groups = self._features(train)
        self._machine = myfm.MyFMRegressor(rank=self.rank, random_seed=self.seed)
        with contextlib.redirect_stderr(io.StringIO()):  # the library's progress bar, which cannot be turned off
            self._machine.fit(
                None,
                train.values.astype(np.float64),
                X_rel=self._relations(train.users, train.items),
                n_iter=self.samples,
                group_shapes=self._groups,
            )

    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float64]:
        predicted: npt.NDArray[np.float64] = self._machine.predict(None, self._relations(users, items))
        return predicted

    def n_parameters(self) -> int | None:
        return 1 + sum(self._groups) * (1 + self.rank)

    def matrix(self, n_users: int, n_items: int) -> None:
        return None

    def _features(self, train: TrainingSet) -> tuple[list[sparse.csr_matrix], list[int]]:
        """The rows that describe each user and each item, and the sizes of the groups of their columns."""
        groups = [train.n_users, train.n_items]
        return [sparse.identity(n, format="csr") for n in groups], groups

    def _relations(self, users: Indices, items: Indices) -> list[Any]:
        return [
            myfm.RelationBlock(rows.tolist(), block) for rows, block in zip((users, items), self._blocks, strict=True)
        ]


@dataclass
class FMImplicit(FM):
    """Also who has rated what."""

    def _features(self, train: TrainingSet) -> tuple[list[sparse.csr_matrix], list[int]]:
        shape = (train.n_users, train.n_items)
        rated = sparse.csr_matrix((np.ones(train.users.size), (train.users, train.items)), shape)
        identities, (n_users, n_items) = super()._features(train)
        implicit = [_by_root_of_count(rated), _by_root_of_count(rated.T.tocsr())]
        blocks = [sparse.hstack(pair, format="csr") for pair in zip(identities, implicit, strict=True)]
        return blocks, [n_users, n_items, n_items, n_users]


def _by_root_of_count(rated: sparse.csr_matrix) -> sparse.csr_matrix:
    counts = np.maximum(rated.getnnz(axis=1), 1)
    return sparse.diags(1 / np.sqrt(counts)) @ rated
