"""Separable recurrent graph convolutional network, sRGCNN or sRMGCNN (Monti, Bronstein & Bresson, NIPS 2017).

r̂ = μ + p_uᵀ q_i, where the factors P (n_users, k) and Q (n_items, k) are not learned but diffused: P⁰ Q⁰ᵀ is the best
approximation of rank k to the matrix of r − μ with zeros where there is no rating, and for t < T, for P and so for Q,

    F = ReLU(Σ_{j<J} C_j(L_u − I) Pᵗ Θ_j),   Pᵗ⁺¹ = Pᵗ + tanh(LSTM(F) A),

with Chebyshev polynomials C_j of the Laplacian of the graph of users that are alike in their features, and an LSTM that
goes along the T steps of each node. Θ, A (at first zero) and the LSTM are shared by all nodes. Full-batch Adam on the
squared error of the training ratings plus γ times the mean of tr PᵀL_uP / n_users and tr QᵀL_iQ / n_items.

T = 10, J = 5, k = 10 and 32 units are the paper's. Validation RMSE so far 1.0240 (`python -m benchmarks.peers.validate
srgcnn --seeds 100`; learning rate 0.01 for 100 epochs: 1.0364), well above what is published: the settings want more
search before the method is measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.peers.graphs import laplacian
from benchmarks.peers.network import Sparse
from benchmarks.peers.peer import Floats, Indices, Peer, TrainingSet
from recsys.spectral import decompose


@dataclass
class SRGCNN(Peer):
    """One γ for both graphs."""

    seed: int = 0
    factors: int = 10
    units: int = 32
    order: int = 5  # J
    diffusions: int = 10  # T
    neighbours: int = 10
    smoothness: float = 0.01  # γ
    lr: float = 0.02
    epochs: int = 250

    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        users, items = torch.tensor(train.users), torch.tensor(train.items)
        residuals = torch.from_numpy(train.values) - train.mean
        known = torch.zeros(train.n_users, train.n_items)
        known[users, items] = residuals
        self._mean = train.mean
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            starts = _low_rank_factors(known, self.factors)
            sides = [
                _Side(self, start, features)
                for start, features in zip(starts, (train.user_features, train.item_features), strict=True)
            ]
            self._sides = nn.ModuleList(sides)
            optimiser = torch.optim.Adam(self._sides.parameters(), self.lr)
            for epoch in range(1, self.epochs + 1):
                of_users, of_items = self._factors = [side(self.diffusions) for side in sides]
                error = nn.functional.mse_loss((of_users[users] * of_items[items]).sum(1), residuals)
                roughness = sides[0].roughness(of_users) + sides[1].roughness(of_items)
                optimiser.zero_grad()
                (error + self.smoothness * roughness / 2).backward()  # type: ignore[no-untyped-call]  # torch's
                optimiser.step()
                if after_epoch is not None and epoch % 10 == 0:
                    after_epoch(epoch)

    @torch.no_grad()
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float32]:
        of_users, of_items = (side(self.diffusions) for side in self._sides)
        predicted: npt.NDArray[np.float32] = (self._mean + (of_users[users] * of_items[items]).sum(1)).numpy()
        return predicted

    def n_parameters(self) -> int | None:
        return sum(p.numel() for p in self._sides.parameters())


class _Side(nn.Module):
    """The factors of all users, or of all items."""

    def __init__(self, peer: SRGCNN, start: Tensor, features: Floats) -> None:
        super().__init__()
        self.start = start
        self.laplacian = laplacian(features, peer.neighbours)
        shifted = self.laplacian - torch.eye(len(start))  # eigenvalues in [−1, 1], where the polynomials live
        rows, columns = shifted.nonzero(as_tuple=True)
        self.shifted = Sparse(rows, columns, shifted[rows, columns], (len(start), len(start)))
        self.filters = nn.Parameter(
            torch.randn(peer.order, peer.factors, peer.units) / (peer.order * peer.factors) ** 0.5
        )
        self.lstm = nn.LSTMCell(peer.units, peer.units)
        self.change = nn.Linear(peer.units, peer.factors)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def forward(self, diffusions: int) -> Tensor:
        factors, state = self.start, None
        for _ in range(diffusions):
            before, polynomial = factors, self.shifted @ factors
            convolved = before @ self.filters[0] + polynomial @ self.filters[1]
            for weights in self.filters[2:]:
                before, polynomial = polynomial, 2 * (self.shifted @ polynomial) - before
                convolved = convolved + polynomial @ weights
            state = self.lstm(convolved.relu(), state)
            factors = factors + self.change(state[0]).tanh()
        return factors

    def roughness(self, factors: Tensor) -> Tensor:
        return (factors * (self.laplacian @ factors)).sum(1).mean()


def _low_rank_factors(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """P (m, rank) and Q (n, rank) of like size with P Qᵀ the best approximation of this rank, from a random basis."""
    spectrum = decompose(matrix)
    weights = spectrum.singular_values.clone()
    weights[rank:] = 0
    nearest = spectrum.map(weights)
    left = nearest @ torch.randn(matrix.shape[1], rank)
    left /= left.square().mean().sqrt()
    right = torch.linalg.solve(left.T @ left, left.T @ nearest).T
    size = (right.square().mean() / left.square().mean()) ** 0.25
    return left * size, right / size
