"""Fold-in for models without a posterior: a ridge regression on item vectors."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from recsys.artifact import Artifact, Floats, Positions
from serving.answers.fold_in.answer import Contributions, FoldIn, gains_of


class Ridge(FoldIn):
    """Ridge regression of a new user's ratings on the item vectors.

    A rating is taken to be r_i = μ + b_i + τ w_0 + q_i · w + ε_i with the mean μ and the damped item means b_i of the
    training ratings, the item vectors q_i of `item_vectors`, and the new user's weights w_0 and w to be found; τ w_0 is
    the user's own mean. The scaling of q makes the training users' weights have mean square 1, and τ² is the mean
    square of their own means, so the weights are taken to be N(0, 1) beforehand. With ε ~ N(0, λ), where λ is the mean
    squared error of the model on its training ratings, the most probable weights minimise

        Σ_{i rated} (r_i − μ − b_i − x_i · v)² + λ |v|²,   x_i = (τ, q_i), v = (w_0, w),

    whose gradient vanishes at v = (XᵀX + λI)⁻¹ Xᵀ(r − μ − b), with the rows x_i of X for the rated items. Without any
    ratings v = 0, and every item is predicted at its mean. One solve with k + 1 unknowns; nothing is trained.
    """

    def __init__(self, artifact: Artifact, vectors: Floats) -> None:
        """Compute what all new users share.

        Args:
            artifact: the model and its training ratings.
            vectors: the item vectors, (n_items, k).
        """
        arrays = artifact.arrays
        self._item_means = np.float64(artifact.manifest.global_mean) + arrays["item_means"]  # (n_items,)
        self._deviation = float(np.sqrt(np.mean(np.square(arrays["user_means"], dtype=np.float64))))  # τ
        features = np.column_stack([np.full(len(vectors), self._deviation), vectors])
        self._features = features.astype(np.float64)  # X, (n_items, k + 1)
        errors = artifact.scores(arrays["rating_users"], arrays["rating_items"]) - arrays["rating_values"]
        # A model that knows its training ratings by heart leaves no error; λ > 0 keeps the solution unique.
        self._ridge = max(float(np.mean(np.square(errors, dtype=np.float64))), 1e-3)
        self._counts = artifact.item_counts

    @override
    def scores(self, items: Positions, ratings: Floats) -> tuple[Floats, float]:
        features, residuals, gram = self._problem(items, ratings)
        weights = np.linalg.solve(gram, features.T @ residuals)
        scores: Floats = (self._item_means + self._features @ weights).astype(np.float32)
        return scores, float(self._deviation * weights[0])

    @override
    def contributions(self, items: Positions, ratings: Floats, asked: int | None) -> Contributions:
        """The weights are linear in the residuals ρ = r − μ − b, so x_i · v = Σ_j c_ij, exactly.

        c_ij = x_iᵀ (XᵀX + λI)⁻¹ x_j ρ_j, and x_i = (τ, 0) + (0, q_i) divides each c_ij in two.
        """
        features, residuals, gram = self._problem(items, ratings)
        asked_features = np.zeros((features.shape[1], 2))
        asked_features[0, 0] = self._deviation
        if asked is not None:
            asked_features[1:, 1] = self._features[asked, 1:]
        shares = features @ np.linalg.solve(gram, asked_features) * residuals[:, None]
        return Contributions(shares[:, 0], shares[:, 1])

    @override
    def gains(self, items: Positions, ratings: Floats) -> npt.NDArray[np.float64]:
        """With the covariance V = λ (XᵀX + λI)⁻¹ of the weights, and the noise λ."""
        covariance = self._ridge * np.linalg.inv(self._problem(items, ratings)[2])
        return np.where(self._counts > 0, gains_of(self._features, covariance, self._mean_square, self._ridge), 0)

    @cached_property
    def _mean_square(self) -> npt.NDArray[np.float64]:
        """A (k + 1, k + 1); computed when a newcomer first asks what to rate."""
        shares = self._counts / self._counts.sum()
        mean_square: npt.NDArray[np.float64] = (self._features.T * shares) @ self._features
        return mean_square

    def _problem(
        self, items: Positions, ratings: Floats
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """X (n, k + 1), ρ (n,) and XᵀX + λI (k + 1, k + 1)."""
        features = self._features[items]
        gram = features.T @ features + self._ridge * np.eye(features.shape[1])
        return features, ratings - self._item_means[items], gram
