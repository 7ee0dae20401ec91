"""Matrix completion by the least nuclear norm (Candès & Recht, FoCM 2009), for ratings with noise.

W = argmin ½ Σ_{(u,i) rated} (W_ui − (r_ui − μ))² + λ ‖W‖_*, r̂ = μ + W_ui: the convex problem of Mazumder, Hastie &
Tibshirani (JMLR 2010), minimised by their iteration of filling in and soft-thresholding the singular values, with
Nesterov's momentum (Beck & Teboulle, SIAM J. Imaging Sci. 2009).

GMC (Kalofolias et al., NIPS workshop 2014) adds γ/2 (tr WᵀL_u W + tr W L_i Wᵀ), with Laplacians of the graphs of users
and of items that are alike in their features.

Validation RMSE of MC 0.9450 (`python -m benchmarks.peers.validate mc`), out of: λ 8, 10, 12, 14. For GMC it is 0.9468,
out of: λ 10, 12 × γ 0.003, 0.01. The graphs help less the more they count: on seed 100 alone, where MC has 0.9368, λ 10
with γ 0.003, 0.01, 0.03 and 0.2 gave 0.9390, 0.9425, 0.9522 and 0.9993.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import override

from benchmarks.peers.graph.laplacian import laplacian
from benchmarks.peers.peer import Indices, Peer, TrainingSet
from recsys.linalg.spectral import decompose


@dataclass
class MC(Peer):
    """The nuclear norm alone."""

    seed: int = 0  # nothing is drawn at random
    strength: float = 12.0  # λ, in stars
    epochs: int = 25

    lipschitz = 1.0  # of the gradient of everything but the nuclear norm

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        users, items = torch.tensor(train.users), torch.tensor(train.items)
        residuals = torch.from_numpy(train.values) - train.mean
        smoothing = self._smoothing(train)
        self._mean = train.mean
        self._matrix = ahead = torch.zeros(train.n_users, train.n_items)
        momentum = 1.0
        for epoch in range(1, self.epochs + 1):
            gradient = smoothing(ahead)
            gradient[users, items] += ahead[users, items] - residuals
            spectrum = decompose(ahead - gradient / self.lipschitz)
            thresholded = (spectrum.singular_values - self.strength / self.lipschitz).clamp(min=0)
            before, self._matrix = self._matrix, spectrum.map(thresholded)
            momentum_before, momentum = momentum, (1 + (1 + 4 * momentum**2) ** 0.5) / 2
            ahead = self._matrix + (momentum_before - 1) / momentum * (self._matrix - before)
            self._rank = int((thresholded > 0).sum())
            if after_epoch is not None:
                after_epoch(epoch)

    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.floating[Any]]:
        return np.asarray(self._mean + self._matrix.numpy()[users, items])

    @override
    def n_parameters(self) -> int | None:
        n_users, n_items = self._matrix.shape
        return 1 + self._rank * (n_users + n_items)  # of the factors that the matrix is a product of

    def _smoothing(self, train: TrainingSet) -> Callable[[Tensor], Tensor]:
        """Gradient of what is added to the squared error and the nuclear norm."""
        return torch.zeros_like


@dataclass
class GMC(MC):
    """Also smooth on the graphs of like users and like items."""

    smoothness: float = 0.003  # γ
    neighbours: int = 10

    @property
    @override
    def lipschitz(self) -> float:  # type: ignore[override]  # a constant without graphs
        return 1 + 2 * 2 * self.smoothness

    @override
    def _smoothing(self, train: TrainingSet) -> Callable[[Tensor], Tensor]:
        of_users = laplacian(train.user_features, self.neighbours)
        of_items = laplacian(train.item_features, self.neighbours)
        return lambda matrix: self.smoothness * (of_users @ matrix + matrix @ of_items)
