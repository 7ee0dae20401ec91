"""The biased embedding: a user and an item vector, a dot product, and a bias for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import embedding
from typing_extensions import override

from recsys.linalg.pairwise_sum import pairwise_sum
from recsys.linalg.pattern import Pattern
from recsys.linalg.spectral import product_singular_values
from recsys.models.base import RatingModel
from recsys.penalties import Penalty
from recsys.share import Share
from recsys.starts import DampedMeans, Start


class UserItemEmbedding(RatingModel):
    """Predicts r_ui = b_u + b_i + p_u · q_i with P (n_users, k) and Q (n_items, k).

    With the biases as columns this is one product `[P, b_user, 1] [Q, 1, b_item]ᵀ`, of a user side A, (n_users, k + 2),
    and an item side B, (n_items, k + 2). Minimises the mean squared error over the batch + λ_user R(A) + λ_item R(B).
    The ratio penalty is scale-free and measures the small singular directions against the large ones, so those of the
    mean and the biases have to be in the matrix that it sees: the damped start puts the mean into the first column of
    both factors, and penalising B in place of Q takes 0.010 off the validation RMSE. Source: Koren, Bell and Volinsky,
    "Matrix factorization techniques for recommender systems", IEEE Computer 2009, equation (4); the paper, section 4.
    """

    if_too_large = "Lower its dimension."

    def __init__(
        self,
        n_users: int,
        n_items: int,
        rating_scale: tuple[float, float] = (1.0, 5.0),
        dimension: int = 128,
        user_penalty: Penalty | None = None,
        item_penalty: Penalty | None = None,
        start: Start | None = None,
    ) -> None:
        """Set up the embeddings.

        Args:
            n_users: number of users; the command line takes it from the data.
            n_items: number of items; the command line takes it from the data.
            rating_scale: least and greatest rating; the command line takes it from the data.
            dimension: k, the length of a user's and an item's vector.
            user_penalty: penalty on the user side A; none if not given.
            item_penalty: penalty on the item side B; none if not given.
            start: where training starts; damped user and item means if not given.

        Raises:
            ValueError: the dimension is less than 1.
            SettingsError: there is no memory for so many factors.
        """
        super().__init__(n_users, n_items, rating_scale, start or DampedMeans())
        self.save_hyperparameters()
        if dimension < 1:
            raise ValueError(f"an embedding has a dimension of at least 1, not {dimension}")
        self.require_memory((n_users + n_items) * (dimension + 1))
        self.user_factors = nn.Parameter(torch.zeros(n_users, dimension))
        self.item_factors = nn.Parameter(torch.zeros(n_items, dimension))
        self.user_bias = nn.Parameter(torch.zeros(n_users, 1))
        self.item_bias = nn.Parameter(torch.zeros(n_items, 1))
        self.user_penalty = user_penalty
        self.item_penalty = item_penalty
        self._pattern: Pattern | None = None  # of the last batch

    @override
    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        products = embedding(users, self.user_factors) * embedding(items, self.item_factors)  # (n, k)
        bias = embedding(users, self.user_bias) + embedding(items, self.item_bias)  # (n, 1)
        return bias[:, 0] + pairwise_sum(products)

    @override
    def predict_batch(self, users: Tensor, items: Tensor) -> Tensor:
        # Full batches come again and again, and sorting one takes as long as a step.
        known = self._pattern
        if known is None or not (torch.equal(known.rows, users) and torch.equal(known.columns, items)):
            known = self._pattern = Pattern(users, items, (self.n_users, self.n_items))
        return known.products(self.user_side(), self.share.used_by_all(self.item_side()))

    @override
    def penalty(self) -> Tensor:
        total = self.user_bias.new_zeros(())
        if self.user_penalty is not None:
            total = total + self.user_penalty.of_rows(self.user_side(), self.share)
        if self.item_penalty is not None:
            total = total + self.item_penalty.of_rows(self.item_side(), Share.whole(self.n_items))
        return total

    def user_side(self) -> Tensor:
        """A = [P, b_user, 1], (n_users, k + 2)."""
        return torch.cat([self.user_factors, self.user_bias, torch.ones_like(self.user_bias)], dim=1)

    def item_side(self) -> Tensor:
        """B = [Q, 1, b_item], (n_items, k + 2)."""
        return torch.cat([self.item_factors, torch.ones_like(self.item_bias), self.item_bias], dim=1)

    @torch.no_grad()
    @override
    def initialise(self, users: Tensor, items: Tensor, ratings: Tensor) -> None:
        """Set the biases to the start's effects and the factors to noise, with √mean in the first column of both."""
        effects = self.start.effects(users, items, ratings, self.n_users, self.n_items)
        self.user_bias.copy_(effects.users[:, None])
        self.item_bias.copy_(effects.items[:, None])
        for factors, rows in ((self.user_factors, self.share), (self.item_factors, Share.whole(self.n_items))):
            # The product of two such factors has entries of size scale: k · (scale / √k) of them, with random signs.
            deviation = (self.start.scale / factors.shape[1] ** 0.5) ** 0.5
            factors.copy_(rows.own(torch.randn(rows.total, factors.shape[1])) * deviation)
            if effects.mean > 0:
                factors[:, 0] = effects.mean**0.5

    @torch.no_grad()
    @override
    def prediction_singular_values(self) -> Tensor:
        return product_singular_values(self.user_side(), self.item_side(), self.share)

    @override
    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        names = ("user_factors", "item_factors", "user_bias", "item_bias")
        return {name: getattr(self, name).detach().cpu().numpy() for name in names}
