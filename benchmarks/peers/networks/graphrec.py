"""Attribute-aware non-linear co-embeddings of graph features, GraphRec (Rashed et al., RecSys 2019).

r̂ = μ + b_u + b_i + z_uᵀ z_i with z = φ(x V): users and items, described by features x, are embedded into one space by a
non-linear layer each. x is

- GraphRec            the user or item itself, one-hot;
- GraphRecSide        also age, gender, occupation; year and genres;
- GraphRecGraphSide   also its row of the bipartite graph's normalised Laplacian I − D^−½ A D^−½ of the training
                      ratings: the one-hot feature for its own kind, and −a_ui/√(d_u d_i) for the other kind.

Here φ is the concatenated rectifier, φ(a) = (max(a, 0), max(−a, 0)), and `decay` times the squares of z_u and z_i of
each batch is added to the mean squared error.

Validation RMSE (`python -m benchmarks.peers.validate MODEL`), each at its best number of up to 60 epochs: GraphRec
0.9089 out of decay 0.05, 0.07, 0.1; GraphRecSide 0.9045 out of 0.03, 0.05, 0.07; GraphRecGraphSide 0.9031 out of 0.04,
0.06, 0.1.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from typing_extensions import override

from benchmarks.peers.networks.network import Effects, NetworkPeer, Sparse
from benchmarks.peers.peer import TrainingSet


@dataclass
class GraphRec(NetworkPeer):
    """Users and items one-hot."""

    seed: int = 0
    factors: int = 50
    decay: float = 0.07
    lr: float = 2e-3
    batch_size: int = 1024
    epochs: int = 60

    side = False
    graph = False

    @override
    def network(self, train: TrainingSet) -> nn.Module:
        return _Network(train, self.factors, self.side, self.graph)

    @override
    def loss(self, network: nn.Module, users: Tensor, items: Tensor, values: Tensor) -> Tensor:
        assert isinstance(network, _Network)
        of_users, of_items = network.embeddings()
        squares = of_users[users].square().sum(1) + of_items[items].square().sum(1)
        error = nn.functional.mse_loss(network.rate(users, items, of_users, of_items), values)
        return error + self.decay * squares.mean()


@dataclass
class GraphRecSide(GraphRec):
    """Also what the tables say of users and items."""

    decay: float = 0.05
    epochs: int = 38

    side = True


@dataclass
class GraphRecGraphSide(GraphRecSide):
    """Also who has rated what."""

    decay: float = 0.06
    epochs: int = 39

    graph = True


class _Network(nn.Module):
    def __init__(self, train: TrainingSet, factors: int, side: bool, graph: bool) -> None:
        super().__init__()
        self.effects = Effects(train)
        self.users = nn.Parameter(0.1 * torch.randn(train.n_users, factors))
        self.items = nn.Parameter(0.1 * torch.randn(train.n_items, factors))
        self.side = [torch.from_numpy(train.user_features), torch.from_numpy(train.item_features)] if side else []
        self.side_weights = nn.ParameterList(
            nn.Parameter(torch.zeros(features.shape[1], factors)) for features in self.side
        )
        self.graph = _laplacian_parts(train) if graph else []
        self.graph_weights = nn.ParameterList(
            nn.Parameter(0.1 * torch.randn(n, factors)) for n in ((train.n_items, train.n_users) if graph else ())
        )

    def embeddings(self) -> list[Tensor]:
        """Embeddings z of all users and of all items, each (n, 2 factors)."""
        embedded = []
        for kind, weights in enumerate((self.users, self.items)):
            linear: Tensor = weights
            if self.side:
                linear = linear + self.side[kind] @ self.side_weights[kind]
            if self.graph:
                linear = linear + self.graph[kind] @ self.graph_weights[kind]
            embedded.append(torch.cat([linear.relu(), (-linear).relu()], 1))
        return embedded

    def rate(self, users: Tensor, items: Tensor, of_users: Tensor, of_items: Tensor) -> Tensor:
        effects: Tensor = self.effects(users, items)
        return effects + (of_users[users] * of_items[items]).sum(1)

    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return self.rate(users, items, *self.embeddings())


def _laplacian_parts(train: TrainingSet) -> list[Sparse]:
    """−D_u^−½ A D_i^−½ (n_users, n_items) and its transpose."""
    users, items = torch.tensor(train.users), torch.tensor(train.items)
    degrees = torch.bincount(users)[users] * torch.bincount(items)[items]
    values = -degrees.float().rsqrt()
    shape = (train.n_users, train.n_items)
    return [Sparse(users, items, values, shape), Sparse(items, users, values, shape[::-1])]
