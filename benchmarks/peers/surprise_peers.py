"""Methods of the library Surprise (N. Hug, JOSS 2020): baseline, SVD, PMF, SVD++, NMF, KNNBaseline.

With r̂ the predicted rating, μ the mean, b the user and item effects, p and q the factors (n_factors each):

- baseline     r̂ = μ + b_u + b_i                                                   (Koren, TKDD 2010)
- pmf          r̂ = p_uᵀ q_i                                                        (Salakhutdinov & Mnih, NIPS 2007)
- svd          r̂ = μ + b_u + b_i + p_uᵀ q_i                                        (Koren et al., Computer 2009)
- svdpp        r̂ = μ + b_u + b_i + q_iᵀ (p_u + |I_u|^−½ Σ_{j ∈ I_u} y_j)           (Koren, KDD 2008)
- nmf          r̂ = p_uᵀ q_i with p, q ≥ 0                                          (Luo et al., IEEE TII 2014)
- knn-baseline r̂ = b_ui + Σ_{j ∈ N(i; u)} s_ij (r_uj − b_uj) / Σ s_ij              (Koren, TKDD 2010)

Squared error plus `regularisation` times the squares of what is learned, by stochastic gradient descent with one fixed
order of the ratings, as the library does it; `baseline` by alternating least squares.

What was tried stands in each class, with the RMSE of the choice on the validation ratings of seeds 100–102, which
`python -m benchmarks.peers.validate MODEL` prints; other settings are compared with `--grid`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import surprise
from typing_extensions import override

from benchmarks.peers.peer import Indices, Peer, TrainingSet


class SurprisePeer(Peer):
    """An algorithm of the library behind the interface of all peers."""

    _algorithm: surprise.AlgoBase

    @abstractmethod
    def algorithm(self) -> surprise.AlgoBase:
        """The library's algorithm with this peer's settings, not yet fitted."""

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        triples = pd.DataFrame({"user": train.users, "item": train.items, "rating": train.values.astype(float)})
        reader = surprise.Reader(rating_scale=(train.scale.minimum, train.scale.maximum))
        data = surprise.Dataset.load_from_df(triples, reader)
        self._algorithm = self.algorithm()
        self._algorithm.fit(data.build_full_trainset())

    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float64]:
        pairs = zip(users.tolist(), items.tolist(), strict=True)
        return np.array([self._algorithm.predict(u, i, clip=False).est for u, i in pairs])

    @override
    def n_parameters(self) -> int | None:
        learned = (vars(self._algorithm).get(name) for name in ("bu", "bi", "pu", "qi", "yj"))
        return sum(array.size for array in learned if isinstance(array, np.ndarray))

    @override
    def matrix(self, n_users: int, n_items: int) -> None:
        return None


@dataclass
class Baseline(SurprisePeer):
    """Effects of users and items alone.

    Validation RMSE 0.9376, out of: dampings 5, 10, 15 (users) × 2.5, 5, 10 (items).
    """

    seed: int = 0  # nothing is drawn at random
    epochs: int = 10
    user_damping: float = 5.0
    item_damping: float = 2.5

    @override
    def algorithm(self) -> surprise.AlgoBase:
        options = {"method": "als", "n_epochs": self.epochs, "reg_u": self.user_damping, "reg_i": self.item_damping}
        return surprise.BaselineOnly(bsl_options=options, verbose=False)


@dataclass
class KNNBaseline(SurprisePeer):
    """Weighted ratings of the nearest items, in differences from the baseline.

    Validation RMSE 0.9133, out of: neighbours 20, 40 × shrinkage 50, 100.
    """

    seed: int = 0  # nothing is drawn at random
    neighbours: int = 40
    shrinkage: float = 100.0

    @override
    def algorithm(self) -> surprise.AlgoBase:
        similarity = {"name": "pearson_baseline", "user_based": False, "shrinkage": self.shrinkage}
        return surprise.KNNBaseline(k=self.neighbours, sim_options=similarity, verbose=False)

    @override
    def n_parameters(self) -> int | None:
        return None


@dataclass
class SVD(SurprisePeer):
    """Factors with user and item effects.

    Validation RMSE 0.9086, out of: factors 20, 100 × epochs 20, 50 × regularisation 0.02, 0.1, then factors 200 ×
    epochs 50, 80 × regularisation 0.1, 0.12.
    """

    seed: int = 0
    factors: int = 200
    epochs: int = 80
    lr: float = 0.005
    regularisation: float = 0.1

    biased = True

    @override
    def algorithm(self) -> surprise.AlgoBase:
        return surprise.SVD(
            biased=self.biased,
            n_factors=self.factors,
            n_epochs=self.epochs,
            lr_all=self.lr,
            reg_all=self.regularisation,
            random_state=self.seed,
        )


@dataclass
class PMF(SVD):
    """Factors alone.

    Validation RMSE 0.9145, out of: factors 20, 100 × epochs 20, 40 × regularisation 0.05, 0.1, then factors 100, 200 ×
    epochs 60, 80 × regularisation 0.1.
    """

    factors: int = 100

    biased = False


@dataclass
class SVDpp(SurprisePeer):
    """Factors with user and item effects, and with what a user has rated, however rated.

    Validation RMSE 0.9057 (`--seeds 100`), out of: epochs 20, 40 × regularisation 0.02, 0.05, 0.1.
    """

    seed: int = 0
    factors: int = 20
    epochs: int = 40
    lr: float = 0.007
    regularisation: float = 0.1

    @override
    def algorithm(self) -> surprise.AlgoBase:
        return surprise.SVDpp(
            n_factors=self.factors,
            n_epochs=self.epochs,
            lr_all=self.lr,
            reg_all=self.regularisation,
            random_state=self.seed,
            cache_ratings=True,
        )


@dataclass
class NMF(SurprisePeer):
    """Factors that are nowhere negative.

    Validation RMSE 0.9441, out of: factors 10, 15, 30 × regularisation 0.06, 0.1, 0.15.
    """

    seed: int = 0
    factors: int = 30
    epochs: int = 50
    regularisation: float = 0.1

    @override
    def algorithm(self) -> surprise.AlgoBase:
        return surprise.NMF(
            n_factors=self.factors,
            n_epochs=self.epochs,
            reg_pu=self.regularisation,
            reg_qi=self.regularisation,
            random_state=self.seed,
        )
