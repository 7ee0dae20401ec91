"""AutoSVD++ (Zhang, Yao & Xu, SIGIR 2017): SVD++ whose item factors lean on a contractive auto-encoder of the items.

r̂ = μ + b_u + b_i + (β a_i + ε_i)ᵀ (p_u + |I_u|^−½ Σ_{j ∈ I_u} y_j), where a_i = σ(W c_i + w) is the code of the item's
features c_i (year and genres). The auto-encoder is fitted first, by Adam on

    Σ_i ‖c_i − W' a_i − w'‖² + ρ ‖∂a_i/∂c_i‖_F²,

and stays as it is; then everything else learns from the ratings, with `decay` times the squares of the factors of each
batch added to the mean squared error.

Validation RMSE 0.9018 (`python -m benchmarks.peers.validate autosvdpp`), out of: decay 0.07, 0.1 × factors 20, 40, each
at its best number of up to 25 epochs; on seed 100 alone before: decay 0.05, 0.1, 0.2 × factors 10, 20 and β 0.1, 0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from typing_extensions import override

from benchmarks.peers.networks.network import Effects, NetworkPeer, Sparse
from benchmarks.peers.peer import TrainingSet


@dataclass
class AutoSVDpp(NetworkPeer):
    """Codes as long as the factors."""

    seed: int = 0
    factors: int = 20
    share: float = 0.5  # β
    contraction: float = 0.1  # ρ
    decay: float = 0.1
    lr: float = 5e-3
    batch_size: int = 2048
    epochs: int = 15

    @override
    def network(self, train: TrainingSet) -> nn.Module:
        codes = contractive_codes(torch.from_numpy(train.item_features), self.factors, self.contraction)
        return _Network(train, self.share * codes)

    @override
    def loss(self, network: nn.Module, users: Tensor, items: Tensor, values: Tensor) -> Tensor:
        assert isinstance(network, _Network)
        of_users = network.user_factors()[users]
        squares = of_users.square().sum(1) + network.items[items].square().sum(1)
        squares = squares + network.effects.users[users].square() + network.effects.items[items].square()
        error = nn.functional.mse_loss(network.rate(users, items, of_users), values)
        return error + self.decay * squares.mean()


class _Network(nn.Module):
    def __init__(self, train: TrainingSet, codes: Tensor) -> None:
        super().__init__()
        users, items = torch.tensor(train.users), torch.tensor(train.items)
        weights = torch.bincount(users)[users].float().rsqrt()
        self.rated = Sparse(users, items, weights, (train.n_users, train.n_items))
        self.codes = codes
        self.effects = Effects(train)
        self.users = nn.Parameter(0.1 * torch.randn(train.n_users, codes.shape[1]))
        self.items = nn.Parameter(0.1 * torch.randn(train.n_items, codes.shape[1]))
        self.implicit = nn.Parameter(0.1 * torch.randn(train.n_items, codes.shape[1]))

    def user_factors(self) -> Tensor:
        return self.users + self.rated @ self.implicit  # (n_users, k)

    def rate(self, users: Tensor, items: Tensor, of_users: Tensor) -> Tensor:
        effects: Tensor = self.effects(users, items)
        return effects + (of_users * (self.codes + self.items)[items]).sum(1)

    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return self.rate(users, items, self.user_factors()[users])


def contractive_codes(features: Tensor, size: int, contraction: float, steps: int = 500, lr: float = 0.01) -> Tensor:
    """Codes a (n, size) of features (n, d), each in (0, 1)."""
    encoder, decoder = nn.Linear(features.shape[1], size), nn.Linear(size, features.shape[1])
    optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr)
    for _ in range(steps):
        codes = encoder(features).sigmoid()
        slopes = codes * (1 - codes)  # ∂a/∂c = diag(slopes) W
        jacobian = (slopes.square() @ encoder.weight.square()).sum(1)
        loss = (decoder(codes) - features).square().sum(1).mean() + contraction * jacobian.mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return encoder(features).sigmoid().detach()  # type: ignore[no-any-return]  # a module's result
