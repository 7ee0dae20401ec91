"""Graph regularised alternating least squares, GRALS (Rao et al., NIPS 2015).

min over P (n_users, k) and Q (n_items, k) of ½ Σ_{(u,i) rated} (p_uᵀ q_i − (r_ui − μ))² + ½ tr Pᵀ(λ I + γ L_u)P
+ ½ tr Qᵀ(λ I + γ L_i)Q, with the Laplacians of the graphs of users and of items that are alike in their features. Each
half is a linear system, solved by some steps of conjugate gradients that start at the last solution, as in the paper.

Validation RMSE 0.9029 (`python -m benchmarks.peers.validate grals`), out of: factors 10, 15 × λ 1, 2, 3 × γ 10, 20; on
seed 100 alone before: factors 10, 20 × λ 3, 6 × γ 2, 5, 10.
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


@dataclass
class GRALS(Peer):
    """One γ for both graphs."""

    seed: int = 0
    factors: int = 10
    decay: float = 1.0  # λ
    smoothness: float = 10.0  # γ
    neighbours: int = 10
    conjugate_steps: int = 5
    epochs: int = 40

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        users, items = torch.tensor(train.users), torch.tensor(train.items)
        residuals = torch.from_numpy(train.values) - train.mean
        generator = torch.Generator().manual_seed(self.seed)
        self._mean = train.mean
        self._users = 0.1 * torch.randn(train.n_users, self.factors, generator=generator)
        self._items = 0.1 * torch.randn(train.n_items, self.factors, generator=generator)
        of_users = self.smoothness * laplacian(train.user_features, self.neighbours)
        of_items = self.smoothness * laplacian(train.item_features, self.neighbours)
        for epoch in range(1, self.epochs + 1):
            self._users = self._half(self._users, self._items[items], users, residuals, of_users)
            self._items = self._half(self._items, self._users[users], items, residuals, of_items)
            if after_epoch is not None:
                after_epoch(epoch)

    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.floating[Any]]:
        return np.asarray(self._mean + (self._users[users] * self._items[items]).sum(1))

    @override
    def n_parameters(self) -> int | None:
        return 1 + self._users.numel() + self._items.numel()

    def _half(self, start: Tensor, others: Tensor, rows: Tensor, residuals: Tensor, graph: Tensor) -> Tensor:
        """Factors of one side (n, k), for the factors of the other side of each rating (n_ratings, k)."""
        gathered = torch.zeros(len(start), self.factors, self.factors)
        gathered.index_add_(0, rows, others[:, :, None] * others[:, None, :])  # Σ q qᵀ over each row's ratings

        def system(factors: Tensor) -> Tensor:
            return torch.einsum("nkl,nl->nk", gathered, factors) + self.decay * factors + graph @ factors

        target = torch.zeros_like(start).index_add_(0, rows, residuals[:, None] * others)
        return conjugate_gradients(system, target, start, self.conjugate_steps)


def conjugate_gradients(system: Callable[[Tensor], Tensor], target: Tensor, start: Tensor, steps: int) -> Tensor:
    """Approximate X with system(X) = target, for a symmetric positive definite system, after some steps."""
    solution = start
    remainder = direction = target - system(start)
    squares = remainder.square().sum()
    for _ in range(steps):
        if squares == 0:
            break
        image = system(direction)
        length = squares / (direction * image).sum()
        solution = solution + length * direction
        remainder = remainder - length * image
        before, squares = squares, remainder.square().sum()
        direction = remainder + squares / before * direction
    return solution
