"""Neural factorisation machine (He & Chua, SIGIR 2017).

r̂ = μ + b_u + b_i + hᵀ ReLU(W (v_u ⊙ v_i) + c): where a factorisation machine adds up the products of two embeddings,
a hidden layer looks at them first. As in the paper there is batch normalisation after the pooled product and after the
hidden layer, dropout after each, and one hidden layer as wide as the embeddings. Features are the user and the item.

Validation RMSE 0.9280 (`python -m benchmarks.peers.validate nfm`), out of: dropout 0.6, 0.7, 0.8, each at its best
number of up to 80 epochs; on seed 100 alone before: dropout 0.3, 0.6 × decay 0, 0.02, and factors 64, 128.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from typing_extensions import override

from benchmarks.peers.networks.network import Effects, NetworkPeer
from benchmarks.peers.peer import TrainingSet


@dataclass
class NFM(NetworkPeer):
    """Adam on the mean squared error; `decay` times the squares of the embeddings of each batch is added."""

    seed: int = 0
    factors: int = 64
    dropout: float = 0.7
    decay: float = 0.0
    lr: float = 2e-3
    batch_size: int = 1024
    epochs: int = 77

    @override
    def network(self, train: TrainingSet) -> nn.Module:
        return _Network(train, self.factors, self.dropout)

    @override
    def loss(self, network: nn.Module, users: Tensor, items: Tensor, values: Tensor) -> Tensor:
        assert isinstance(network, _Network)
        squares: Tensor = network.users(users).square().sum(1) + network.items(items).square().sum(1)
        error = super().loss(network, users, items, values)
        return error + self.decay * squares.mean()


class _Network(nn.Module):
    def __init__(self, train: TrainingSet, factors: int, dropout: float) -> None:
        super().__init__()
        self.effects = Effects(train)
        self.users = nn.Embedding(train.n_users, factors)
        self.items = nn.Embedding(train.n_items, factors)
        for embedding in (self.users, self.items):
            nn.init.normal_(embedding.weight, std=0.1)
        self.layers = nn.Sequential(
            nn.BatchNorm1d(factors),
            nn.Dropout(dropout),
            nn.Linear(factors, factors),
            nn.BatchNorm1d(factors),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(factors, 1, bias=False),
        )

    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        interaction: Tensor = self.layers(self.users(users) * self.items(items))  # (n, 1)
        effects: Tensor = self.effects(users, items)
        return effects + interaction.squeeze(1)
