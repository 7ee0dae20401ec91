"""Other methods that rank, each with the settings that are tried on validation ratings."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.ranking_table.held_out import Floats

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Peer:
    """`rank` gives scores (n_users, n_items) from the training ratings (n_users, n_items), 0 where there is none."""

    title: str
    rank: Callable[..., Floats]
    tried: Mapping[str, Sequence[Any]]
    """Values of each setting; all combinations are tried."""

    def combinations(self) -> list[Settings]:
        """Every combination of the settings."""
        return [dict(zip(self.tried, values, strict=True)) for values in itertools.product(*self.tried.values())]


def as_sparse(rows: Floats) -> Any:
    """The same matrix as implicit reads it."""
    from scipy.sparse import csr_matrix  # an extra

    return csr_matrix(rows)


def _most_rated(train: Floats, seed: int) -> Floats:
    return np.broadcast_to((train > 0).sum(0), train.shape)


def ease_weights(choices: Floats, ridge: float) -> Floats:
    """The weights (n_items, n_items) that a row of choices is multiplied by.

    EASE^R: Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, equation 8.
    """
    inverse = np.linalg.inv((choices.T @ choices).astype(np.float64) + ridge * np.eye(choices.shape[1]))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float32)


def _ease_rated(train: Floats, seed: int, ridge: float) -> Floats:
    rated = (train > 0).astype(np.float32)
    return rated @ ease_weights(rated, ridge)


def _ease_ratings(train: Floats, seed: int, ridge: float) -> Floats:
    return train / 5 @ ease_weights(train / 5, ridge)


def _neighbours(rows: Floats, weighting: str, neighbours: int) -> Floats:
    """Similarities (m, m) of the columns of `rows` (n, m) to their nearest, by implicit."""
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender  # an extra
    from implicit.utils import ParameterWarning

    kinds = {"cosine": CosineRecommender, "tf-idf": TFIDFRecommender, "bm25": BM25Recommender}
    model = kinds[weighting](K=neighbours, num_threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ParameterWarning)  # that it weighs them in another format than it compares them
        model.fit(as_sparse(rows), show_progress=False)
    similarities: Floats = model.similarity.toarray()
    return similarities


def _item_knn(train: Floats, seed: int, weighting: str, neighbours: int) -> Floats:
    return train @ _neighbours(train, weighting, neighbours)


def _user_knn(train: Floats, seed: int, weighting: str, neighbours: int) -> Floats:
    return _neighbours(np.ascontiguousarray(train.T), weighting, neighbours) @ train


def _factors(model: Any) -> Floats:
    scores: Floats = model.user_factors @ model.item_factors.T
    return scores


def ials_model(train: Floats, seed: int, factors: int, regularization: float, alpha: float) -> Any:
    """The model of implicit, fitted."""
    from implicit.als import AlternatingLeastSquares  # an extra

    options = {"factors": factors, "regularization": regularization, "alpha": alpha, "num_threads": 1}
    model = AlternatingLeastSquares(**options, iterations=15, use_gpu=False, random_state=seed)
    model.fit(as_sparse(train), show_progress=False)
    return model


def _ials(train: Floats, seed: int, factors: int, regularization: float, alpha: float) -> Floats:
    return _factors(ials_model(train, seed, factors, regularization, alpha))


def _bpr(train: Floats, seed: int, factors: int, learning_rate: float, regularization: float) -> Floats:
    from implicit.bpr import BayesianPersonalizedRanking  # an extra

    options = {"factors": factors, "learning_rate": learning_rate, "regularization": regularization}
    model = BayesianPersonalizedRanking(**options, iterations=100, num_threads=1, use_gpu=False, random_state=seed)
    model.fit(as_sparse((train > 0).astype(np.float32)), show_progress=False)
    return _factors(model)


_RIDGES = (50, 100, 150, 200, 300, 500, 800)
_KNN = {"weighting": ("cosine", "tf-idf", "bm25"), "neighbours": (20, 50, 100, 200)}
PEERS = {
    "most-rated": Peer("most rated", _most_rated, {}),
    "item-knn": Peer("item-kNN (implicit)", _item_knn, _KNN),
    "user-knn": Peer("user-kNN (implicit's neighbours)", _user_knn, _KNN),
    "ials": Peer(
        "iALS (implicit)",
        _ials,
        {"factors": (32, 64, 128), "regularization": (1, 10, 30), "alpha": (0.3, 1, 3)},
    ),
    "bpr": Peer(
        "BPR (implicit)",
        _bpr,
        {"factors": (32, 64), "learning_rate": (0.02, 0.05), "regularization": (0.01, 0.03)},
    ),
    "ease-rated": Peer("EASE^R on rated or not", _ease_rated, {"ridge": _RIDGES}),
    "ease-ratings": Peer("EASE^R on ratings", _ease_ratings, {"ridge": _RIDGES}),
}
"""By name."""
