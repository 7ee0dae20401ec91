"""Separable recurrent graph convolutional network, sRGCNN or sRMGCNN (Monti, Bronstein & Bresson, NIPS 2017).

r̂ = μ + p_uᵀ q_i, where the factors P (n_users, k) and Q (n_items, k) are not learned but diffused: P⁰ Q⁰ᵀ is the best
approximation of rank k to the matrix of r − μ with zeros where there is no rating, and for t < T, for P and so for Q,

    F = ReLU(Σ_{j<J} C_j(L_u − I) Pᵗ Θ_j),   Pᵗ⁺¹ = Pᵗ + tanh(LSTM(F) A),

with Chebyshev polynomials C_j of the Laplacian of the graph of users that are alike in their features, and an LSTM that
goes along the T steps of each node. Θ, A (at first zero) and the LSTM are shared by all nodes. Adam on the squared
error plus γ times the mean of tr PᵀL_uP / n_users and tr QᵀL_iQ / n_items, with gradients of norm 1 at most.

A network that starts from the ratings it is to predict learns to leave them as they are: the training ratings are dealt
into folds, a step diffuses from the ratings outside of one fold and predicts those in it, and a prediction is the mean
of those from every fold's start.

J = 5, k = 10 and 32 units are the paper's. Validation RMSE 0.9305 (`python -m benchmarks.peers.validate srgcnn`), at
the best of up to 200 epochs; on seed 100 alone the paper's T = 10 was no better, nor were γ = 0, learning rates 0.003
and 0.01, or 10 folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from typing_extensions import override

from benchmarks.peers.graph.laplacian import laplacian
from benchmarks.peers.networks.network import Sparse
from benchmarks.peers.peer import Floats, Indices, Peer, TrainingSet
from recsys.linalg.spectral import decompose


@dataclass
class SRGCNN(Peer):
    """One γ for both graphs."""

    seed: int = 0
    factors: int = 10
    units: int = 32
    order: int = 5  # J
    diffusions: int = 5  # T
    neighbours: int = 10
    smoothness: float = 0.01  # γ
    folds: int = 5
    lr: float = 5e-3
    epochs: int = 190

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        users, items = torch.tensor(train.users), torch.tensor(train.items)
        residuals = torch.from_numpy(train.values) - train.mean
        self._mean = train.mean
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            fold = torch.randint(self.folds, (len(residuals),))
            directions = torch.randn(train.n_items, self.factors)
            self._starts = []
            for left_out in range(self.folds):
                seen = fold != left_out
                known = torch.zeros(train.n_users, train.n_items)
                known[users[seen], items[seen]] = residuals[seen]
                self._starts.append(_low_rank_factors(known, directions))
            sides = [_Side(self, features) for features in (train.user_features, train.item_features)]
            self._sides = nn.ModuleList(sides)
            optimiser = torch.optim.Adam(self._sides.parameters(), self.lr)
            for epoch in range(1, self.epochs + 1):
                for left_out, starts in enumerate(self._starts):
                    u, i = users[fold == left_out], items[fold == left_out]
                    of_users, of_items = self._diffused(starts)
                    predicted = (of_users[u] * of_items[i]).sum(1)
                    error = nn.functional.mse_loss(predicted, residuals[fold == left_out])
                    roughness = sides[0].roughness(of_users) + sides[1].roughness(of_items)
                    optimiser.zero_grad()
                    (error + self.smoothness * roughness / 2).backward()  # type: ignore[no-untyped-call]  # torch's
                    nn.utils.clip_grad_norm_(self._sides.parameters(), 1.0)
                    optimiser.step()
                if after_epoch is not None and epoch % 10 == 0:
                    after_epoch(epoch)

    def _diffused(self, starts: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """Factors of all users (n_users, k) and of all items (n_items, k)."""
        of_users, of_items = (side(start, self.diffusions) for side, start in zip(self._sides, starts, strict=True))
        return of_users, of_items

    @torch.no_grad()
    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float32]:
        factors = [self._diffused(starts) for starts in self._starts]
        products = torch.stack([(of_users[users] * of_items[items]).sum(1) for of_users, of_items in factors])
        predicted: npt.NDArray[np.float32] = (self._mean + products.mean(0)).numpy()
        return predicted

    @override
    def n_parameters(self) -> int | None:
        return sum(p.numel() for p in self._sides.parameters())


class _Side(nn.Module):
    """The factors of all users, or of all items."""

    def __init__(self, peer: SRGCNN, features: Floats) -> None:
        super().__init__()
        self.laplacian = laplacian(features, peer.neighbours)
        shifted = self.laplacian - torch.eye(len(features))  # eigenvalues in [−1, 1], where the polynomials live
        rows, columns = shifted.nonzero(as_tuple=True)
        self.shifted = Sparse(rows, columns, shifted[rows, columns], (len(features), len(features)))
        self.filters = nn.Parameter(
            torch.randn(peer.order, peer.factors, peer.units) / (peer.order * peer.factors) ** 0.5
        )
        self.lstm = nn.LSTMCell(peer.units, peer.units)
        self.change = nn.Linear(peer.units, peer.factors)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    @override
    def forward(self, start: Tensor, diffusions: int) -> Tensor:
        factors, state = start, None
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


def _low_rank_factors(matrix: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
    """P (m, k) and Q (n, k) of like size with P Qᵀ the best approximation of rank k to (m, n).

    P spans what that approximation makes of the columns of `directions` (n, k), so that matrices that differ little
    have factors that differ little, which singular vectors have not.
    """
    rank = directions.shape[1]
    spectrum = decompose(matrix)
    weights = spectrum.singular_values.clone()
    weights[rank:] = 0
    nearest = spectrum.map(weights)
    left = nearest @ directions
    left /= left.square().mean().sqrt()
    right = torch.linalg.solve(left.T @ left, left.T @ nearest).T
    size = (right.square().mean() / left.square().mean()) ** 0.25
    return left * size, right / size
