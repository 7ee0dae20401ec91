"""What the peers that learn by gradients share: Adam on shuffled batches, and products with sparse matrices."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor, nn
from typing_extensions import override

from benchmarks.peers.peer import Indices, Peer, TrainingSet


class NetworkPeer(Peer):
    """A network of (users, items) → ratings, trained with Adam; settings `epochs`, `lr` and `batch_size`."""

    epochs: int
    lr: float
    batch_size: int
    _network: nn.Module

    @abstractmethod
    def network(self, train: TrainingSet) -> nn.Module:
        """The network before training."""

    def loss(self, network: nn.Module, users: Tensor, items: Tensor, values: Tensor) -> Tensor:
        """What a step makes smaller; the mean squared error unless a method says otherwise."""
        return nn.functional.mse_loss(network(users, items), values)

    @override
    def fit(self, train: TrainingSet, after_epoch: Callable[[int], None] | None = None) -> None:
        users, items, values = (torch.from_numpy(a.copy()) for a in (train.users, train.items, train.values))
        with torch.random.fork_rng():
            torch.manual_seed(self.seed)
            self._network = self.network(train)
            optimiser = torch.optim.Adam(self._network.parameters(), self.lr)
            for epoch in range(1, self.epochs + 1):
                self._network.train()
                for batch in torch.split(torch.randperm(len(values)), self.batch_size):
                    optimiser.zero_grad()
                    self.loss(self._network, users[batch], items[batch], values[batch]).backward()  # type: ignore[no-untyped-call]  # torch's
                    optimiser.step()
                if after_epoch is not None:
                    after_epoch(epoch)

    @torch.no_grad()
    @override
    def predict(self, users: Indices, items: Indices) -> npt.NDArray[np.float32]:
        self._network.eval()
        predicted: npt.NDArray[np.float32] = self._network(torch.tensor(users), torch.tensor(items)).numpy()
        return predicted

    @override
    def n_parameters(self) -> int | None:
        return sum(p.numel() for p in self._network.parameters())


class Effects(nn.Module):
    """μ + b_u + b_i, where the mean stays as it is in training."""

    mean: Tensor

    def __init__(self, train: TrainingSet) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(train.mean))
        self.users = nn.Parameter(torch.zeros(train.n_users))
        self.items = nn.Parameter(torch.zeros(train.n_items))

    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return self.mean + self.users[users] + self.items[items]


class Sparse:
    """A constant sparse matrix that can be multiplied from the right, with gradients."""

    def __init__(self, rows: Tensor, columns: Tensor, values: Tensor, shape: tuple[int, int]) -> None:
        self._matrix = sparse.csr_array((values.numpy(), (rows.numpy(), columns.numpy())), shape)
        self._transposed = self._matrix.T.tocsr()

    def __matmul__(self, dense: Tensor) -> Tensor:
        product: Tensor = _Product.apply(self._matrix, self._transposed, dense)  # type: ignore[no-untyped-call]  # torch's
        return product


class _Product(torch.autograd.Function):
    """A B for a constant A (m, n), given with its transpose, and B (n, k) that learns."""

    @staticmethod
    @override
    def forward(ctx: Any, matrix: sparse.csr_array, transposed: sparse.csr_array, dense: Tensor) -> Tensor:
        ctx.transposed = transposed
        return torch.from_numpy(matrix @ dense.detach().numpy())

    @staticmethod
    @override
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, torch.from_numpy(ctx.transposed @ gradients[0].numpy())
