"""Inductive matrix completion, IMC (Jain & Dhillon 2013; Xu, Jin & Zhou, NIPS 2013).

r̂ = μ + x_uᵀ Z y_i: a rating depends on the features x of the user and y of the item alone (each with a constant added),
so that everybody of one age, gender and occupation is predicted the same, and only Z (d × e) is learned:

    Z = argmin ½ Σ_{(u,i) rated} (x_uᵀ Z y_i − (r_ui − μ))² + λ ‖Z‖_*,

by proximal gradient descent with Nesterov's momentum. Since Z is small, the sums over ratings are taken once: with
k = x_u ⊗ y_i the gradient is G vec(Z) − c for G = Σ k kᵀ and c = Σ k (r − μ).

Validation RMSE 1.0780 (`python -m benchmarks.peers.validate imc`), out of: λ 1, 30, 300.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from typing_extensions import override

from benchmarks.peers.peer import Floats, Indices, Peer, TrainingSet
from recsys.linalg.spectral import decompose


@dataclass
class IMC(Peer):
    """Features of users and items, and nothing of who they are."""

    seed: int = 0  # nothing is drawn at random
    strength: float = 30.0  # λ, in stars
    steps: int = 1000

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        self._mean = train.mean
        self._users, self._items = _with_constant(train.user_features), _with_constant(train.item_features)
        shape = (self._users.shape[1], self._items.shape[1])
        gram = torch.zeros(shape[0] * shape[1], shape[0] * shape[1], dtype=torch.float64)
        target = torch.zeros(shape[0] * shape[1], dtype=torch.float64)
        users, items = torch.tensor(train.users), torch.tensor(train.items)
        residuals = torch.from_numpy(train.values).double() - train.mean
        for part in torch.split(torch.arange(len(users)), 10_000):  # bounds memory
            products = self._users[users[part], :, None] * self._items[items[part], None, :]
            products = products.flatten(1)  # (n, d e)
            gram += products.T @ products
            target += products.T @ residuals[part]
        lipschitz = float(decompose(gram).singular_values[0])
        self._weights = ahead = torch.zeros(shape, dtype=torch.float64)
        momentum = 1.0
        for _ in range(self.steps):
            gradient = (gram @ ahead.flatten() - target).view(shape)
            spectrum = decompose(ahead - gradient / lipschitz)
            before = self._weights
            self._weights = spectrum.map((spectrum.singular_values - self.strength / lipschitz).clamp(min=0))
            momentum_before, momentum = momentum, (1 + (1 + 4 * momentum**2) ** 0.5) / 2
            ahead = self._weights + (momentum_before - 1) / momentum * (self._weights - before)

    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float64]:
        predicted = self._mean + (self._users[users] @ self._weights * self._items[items]).sum(1)
        return np.asarray(predicted)

    @override
    def n_parameters(self) -> int | None:
        return 1 + self._weights.numel()


def _with_constant(features: Floats) -> Tensor:
    return torch.from_numpy(np.column_stack([np.ones(len(features)), features]))
