"""Graph convolutional matrix completion, GC-MC (van den Berg, Kipf & Welling, KDD workshop 2018).

Every rating level r = 1 … R is a bipartite graph A_r of the training ratings. Encoder, for users, and so for items:

    h_u = ReLU(stack_r Σ_{i: A_r[u,i] = 1} W_r[i] / |N_u|),   z_u = W h_u,   W_r = T_1 + … + T_r,

or z_u = W h_u + W₂ ReLU(W₁ x_u + c) with side features x. Decoder: P(r | u, i) = softmax_r(z_uᵀ Q_r z_i) with Q_r a
combination of two basis matrices; the prediction is the mean of r. Cross-entropy of the training ratings, full batch,
Adam; all messages of a node are dropped together, with probability `dropout`, and so are entries of h.

As in the paper's runs on MovieLens-100K: 500 and 75 units, stacked levels, left normalisation, dropout 0.7, learning
rate 0.01, 10 units for side features. Validation RMSE 0.9042, and 0.9037 with features (`python -m
benchmarks.peers.validate gc-mc`), out of: dropout 0.6 (without features), 0.7, 0.8, at the best of up to 400 epochs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from typing_extensions import override

from benchmarks.peers.networks.network import Sparse
from benchmarks.peers.peer import Indices, Peer, TrainingSet


@dataclass
class GCMC(Peer):
    """Ratings alone."""

    seed: int = 0
    hidden: int = 500
    factors: int = 75
    bases: int = 2
    dropout: float = 0.7
    lr: float = 0.01
    epochs: int = 380

    side_units = 0

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        users, items = torch.tensor(train.users), torch.tensor(train.items)
        levels, classes = np.unique(train.values, return_inverse=True)
        self._levels, target = torch.from_numpy(levels), torch.from_numpy(classes)
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            self._network = _Network(self, train, users, items, target, len(levels))
            optimiser = torch.optim.Adam(self._network.parameters(), self.lr)
            for epoch in range(1, self.epochs + 1):
                self._network.train()
                optimiser.zero_grad()
                loss = nn.functional.cross_entropy(self._network.scores(users, items), target)
                loss.backward()  # type: ignore[no-untyped-call]  # torch's
                optimiser.step()
                if after_epoch is not None and epoch % 20 == 0:
                    after_epoch(epoch)

    @torch.no_grad()
    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float32]:
        self._network.eval()
        scores = self._network.scores(torch.tensor(users), torch.tensor(items))
        predicted: npt.NDArray[np.float32] = (scores.softmax(1) @ self._levels).numpy()
        return predicted

    @override
    def n_parameters(self) -> int | None:
        return sum(p.numel() for p in self._network.parameters())


@dataclass
class GCMCFeatures(GCMC):
    """Also what the tables say of users and items."""

    epochs: int = 400

    side_units = 10


class _Network(nn.Module):
    def __init__(
        self, peer: GCMC, train: TrainingSet, users: Tensor, items: Tensor, classes: Tensor, n_levels: int
    ) -> None:
        super().__init__()
        self.of_users = _Encoder(
            peer, users, items, classes, (train.n_users, train.n_items, n_levels), train.user_features
        )
        self.of_items = _Encoder(
            peer, items, users, classes, (train.n_items, train.n_users, n_levels), train.item_features
        )
        self.bases = nn.Parameter(torch.empty(peer.bases, peer.factors, peer.factors))
        self.combinations = nn.Parameter(torch.empty(n_levels, peer.bases))
        for basis in self.bases.data:
            nn.init.orthogonal_(basis)
        nn.init.xavier_uniform_(self.combinations)

    def scores(self, users: Tensor, items: Tensor) -> Tensor:
        """Logits (n, R) of the rating levels."""
        z_users, z_items = self.of_users(), self.of_items()
        products = [(z_users @ basis @ z_items.T)[users, items] for basis in self.bases]
        return torch.stack(products, 1) @ self.combinations.T


class _Encoder(nn.Module):
    """z of all the nodes of one kind, from the graphs to the other kind."""

    def __init__(
        self,
        peer: GCMC,
        nodes: Tensor,
        neighbours: Tensor,
        classes: Tensor,
        shape: tuple[int, int, int],
        features: npt.NDArray[np.float32],
    ) -> None:
        super().__init__()
        self.n_nodes, self.n_neighbours, self.n_levels = shape
        weights = 1 / torch.bincount(nodes, minlength=self.n_nodes)[nodes].float()
        self.graphs = Sparse(  # one below the other, so that a product gives the messages of every level
            nodes + classes * self.n_nodes,
            neighbours + classes * self.n_neighbours,
            weights,
            (self.n_nodes * self.n_levels, self.n_neighbours * self.n_levels),
        )
        units = peer.hidden // self.n_levels
        self.steps = nn.Parameter(torch.empty(self.n_levels, self.n_neighbours, units))
        nn.init.uniform_(self.steps, -1, 1)
        self.steps.data *= (6 / (self.n_neighbours + units)) ** 0.5
        self.dense = nn.Linear(units * self.n_levels, peer.factors, bias=False)
        self.dropout = nn.Dropout(peer.dropout)
        self.features = torch.from_numpy(features)
        self.side: nn.Module | None = None
        if peer.side_units:
            self.side = nn.Sequential(
                nn.Linear(features.shape[1], peer.side_units),
                nn.ReLU(),
                self.dropout,
                nn.Linear(peer.side_units, peer.factors, bias=False),
            )

    @override
    def forward(self) -> Tensor:
        messages = self.steps.cumsum(0)  # (R, n_neighbours, units)
        kept = self.dropout(torch.ones(self.n_neighbours, 1))
        received = self.graphs @ (messages * kept).flatten(0, 1)  # (R n_nodes, units)
        stacked = received.view(self.n_levels, self.n_nodes, -1).permute(1, 0, 2).flatten(1)  # (n_nodes, R units)
        z: Tensor = self.dense(self.dropout(stacked.relu()))
        return z if self.side is None else z + self.side(self.features)
