"""The linear network: one full matrix (depth 1), or a product of matrices, that holds every rating."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from typing_extensions import override

from recsys.linalg.product import product
from recsys.linalg.spectral import singular_values
from recsys.models.base import RatingModel
from recsys.penalties import Penalty
from recsys.starts import DampedMeans, Start


class LinearNetwork(RatingModel):
    """Predicts r_ui = W_ui with W = W_N ⋯ W_1, the end-product matrix, (n_users, n_items).

    Minimises (1/|Ω|) Σ_{(u,i)∈Ω} (W_ui − r_ui)² + λ R(W) (the paper's equations (1) and (2), with the mean in place of
    the sum). Depth 1 has no factorisation at all: every entry is a parameter, and entries without a rating are moved
    by the penalty alone. Meant for full batches.
    """

    if_too_large = (
        "UserItemEmbedding needs (number of users + number of items) times its dimension in place of the matrix."
    )

    def __init__(
        self,
        n_users: int,
        n_items: int,
        rating_scale: tuple[float, float] = (1.0, 5.0),
        depth: int = 1,
        penalty: Penalty | None = None,
        start: Start | None = None,
    ) -> None:
        """Set up the network.

        Args:
            n_users: rows of the matrix; the command line takes it from the data.
            n_items: columns of the matrix; the command line takes it from the data.
            rating_scale: least and greatest rating; the command line takes it from the data.
            depth: N, the number of matrices multiplied; hidden widths are min(n_users, n_items).
            penalty: penalty on the end-product matrix; none if not given.
            start: where training starts; damped user and item means if not given.

        Raises:
            ValueError: the depth is less than 1.
            SettingsError: there is no memory for so large a matrix.
        """
        super().__init__(n_users, n_items, rating_scale, start or DampedMeans())
        self.save_hyperparameters()
        if depth < 1:
            raise ValueError(f"a linear network has a depth of at least 1, not {depth}")
        hidden = min(n_users, n_items)
        widths = [n_items] + [hidden] * (depth - 1) + [n_users]
        self.require_memory(sum(rows * columns for columns, rows in pairwise(widths)))
        self.layers = nn.ParameterList(  # W_1 first
            torch.zeros(rows, columns) for columns, rows in pairwise(widths)
        )
        self.penalty_of_end_product = penalty

    def end_product(self) -> Tensor:
        """W = W_N ⋯ W_1, (n_users, n_items)."""
        return product(self.layers)

    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return _entries(self.end_product(), users, items)

    @override
    def penalty(self) -> Tensor:
        if self.penalty_of_end_product is None:
            return torch.zeros((), device=self.device)
        value: Tensor = self.penalty_of_end_product(self.end_product())
        return value

    @torch.no_grad()
    @override
    def initialise(self, users: Tensor, items: Tensor, ratings: Tensor) -> None:
        """Set W to the start's effects, split evenly over the layers, plus its Gaussian noise in every layer."""
        effects = self.start.effects(users, items, ratings, self.n_users, self.n_items)
        means = effects.mean + effects.users[:, None] + effects.items[None, :]  # (n_users, n_items), rank 2 at most
        depth = len(self.layers)
        for layer, part in zip(self.layers, _balanced_factors(means, depth), strict=True):
            deviation = self.start.scale ** (1 / depth) / max(layer.shape) ** 0.5
            layer.copy_(torch.randn(layer.shape) * deviation)
            layer[: part.shape[0], : part.shape[1]] += part.to(layer)

    @override
    def prediction_singular_values(self) -> Tensor:
        return singular_values(self.end_product())

    @override
    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        return {"matrix": self.end_product().detach().cpu().numpy()}


def _entries(matrix: Tensor, users: Tensor, items: Tensor) -> Tensor:
    """matrix[users, items]; by flat index, whose gradient is one scatter-add."""
    entries: Tensor = matrix.flatten().index_select(0, users * matrix.shape[1] + items)
    return entries


def _balanced_factors(matrix: Tensor, depth: int) -> list[Tensor]:
    """Factors with F_depth ⋯ F_1 = matrix, (m, n) of rank <= 2, each with singular values σ^(1/depth); F_1 first."""
    if depth == 1:
        return [matrix]
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    root = torch.diag(values[:2] ** (1 / depth))  # (2, 2)
    return [root @ right[:2], *[root] * (depth - 2), left[:, :2] @ root]
