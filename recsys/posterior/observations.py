"""What the ratings say of users and items: sums over each one's ratings, given the other side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from typing_extensions import override

from data.sorted_ratings import BothOrders
from recsys.linalg.pattern import Pattern
from recsys.linalg.row_grams import RowGrams
from recsys.posterior.likelihoods import Likelihood
from recsys.posterior.time_windows import WindowEffects
from recsys.share import Share


class Observations(ABC):
    """Sums over the y of each row's ratings, y_ui = μ + b_u + c_i + p_u · q_i + … + ε_ui, by `RowGrams`.

    Those of a user are Σ_i z zᵀ with z = (1, q_i, y_ui − μ − c_i), those of an item Σ_u α_u z zᵀ with z = (1, p_u,
    y_ui − μ − b_u); (n, k + 2, k + 2) in both cases. A process has the ratings of its users, so the sums of items are
    those of all processes, and each of them has some of the items to draw.
    """

    def __init__(self, orders: BothOrders, mean: float) -> None:
        """Take the training ratings of this process's users, and the mean μ of all."""
        self._mean, self._share = mean, Share.joined(len(orders.by_user))
        self.drawn_items = Share.even(len(orders.by_item))
        self._n_users, n_items = len(orders.by_user), len(orders.by_item)
        self._by_user, self._by_item = RowGrams(orders.by_user, n_items), RowGrams(orders.by_item, self._n_users)

    def of_users(self, items: Tensor) -> Tensor:
        """The sums of users, for rows (c_i, q_i) of the items, (n_items, k + 1)."""
        return self._by_user.of(_beside(items, self._mean))

    def of_items(self, users: Tensor, precisions: Tensor) -> Tensor:
        """The sums of the items to draw, for rows (b_u, p_u), (n_users, k + 1), and the α_u (n_users,) of the users.

        Of several processes, without Σ_u α_u (y_ui − μ − b_u)², which no draw asks for.
        """
        sums = self._by_item.of(_beside(users, self._mean) * precisions.sqrt()[:, None])
        if self._share.is_whole:
            return sums
        row, column = torch.tril_indices(*sums.shape[1:])[:, :-1]  # (k + 1)(k + 4) / 2 places
        below = self._share.sum(sums[:, row, column])[self.drawn_items.rows]
        drawn = sums.new_zeros(len(below), *sums.shape[1:])
        drawn[:, row, column] = drawn[:, column, row] = below
        return drawn

    def squared_error(self, users: Tensor, items: Tensor) -> Tensor:
        """Σ (y_ui − b_u − c_i − p_u · q_i)², a scalar, for rows as above; differentiable once."""
        items = self._share.used_by_all(items)
        error: Tensor = _SquaredError.apply(self._by_user, self._by_item, users, items)  # type: ignore[no-untyped-call]
        return self._share.differentiable_sum(error)

    def sums_of_items(self) -> Tensor:
        """Σ_u y_ui of each item, (n_items,), float64."""
        ones = torch.tensor([[1.0, 0.0]]).expand(self._n_users, 2)
        return self._share.sum(self._by_item.of(ones)[:, 0, 1].double())

    @abstractmethod
    def complete(self, users: Tensor, items: Tensor, precisions: Tensor, generator: Generator) -> Tensor:
        """Draw what else y depends on; returns Σ_i ε_ui² of each user, (n_users,), float64."""


class ExactRatings(Observations):
    """The rating is y, and nothing else is in it, so nothing is kept for each rating but what `RowGrams` has."""

    def __init__(self, orders: BothOrders, mean: float) -> None:
        super().__init__(orders, mean)
        self._given: tuple[Tensor, Tensor] | None = None  # items, and what they give for the users

    @override
    def of_users(self, items: Tensor) -> Tensor:
        # At the end of a sweep they say how far the ratings are off, and at the beginning of the next what users are.
        if self._given is None or self._given[0] is not items:
            self._given = None  # before there are others
            self._given = items, super().of_users(items)
        return self._given[1]

    @override
    def complete(self, users: Tensor, items: Tensor, precisions: Tensor, generator: Generator) -> Tensor:
        return squares_left(self.of_users(items), users)

    @cached_property
    def _sums_of_items(self) -> Tensor:
        return super().sums_of_items()

    @override
    def sums_of_items(self) -> Tensor:
        return self._sums_of_items


class LatentRatings(Observations):
    """y is drawn given the rating, or effects of time are in it: it is kept for each rating, and so are they.

    One process has all ratings, since what is drawn for them is not keyed by what it is for.
    """

    def __init__(
        self, orders: BothOrders, mean: float, likelihood: Likelihood, windows: Sequence[WindowEffects]
    ) -> None:
        """Take the ratings; the likelihood and the windows have them in order of users."""
        super().__init__(orders, mean)
        self._users, items, self._ratings = in_order_of_users(orders)
        self._likelihood, self._windows = likelihood, windows
        self._pattern = Pattern(self._users, items, (len(orders.by_user), len(orders.by_item)))
        self.y = self._ratings.clone()

    @override
    def of_users(self, items: Tensor) -> Tensor:
        self._by_user.set_values((self.y - self._time_effects()).numpy())
        return super().of_users(items)

    @override
    def of_items(self, users: Tensor, precisions: Tensor) -> Tensor:
        self._set_of_items(self.y - self._time_effects())
        return super().of_items(users, precisions)

    @override
    def sums_of_items(self) -> Tensor:
        self._set_of_items(self.y)
        return super().sums_of_items()

    @override
    def complete(self, users: Tensor, items: Tensor, precisions: Tensor, generator: Generator) -> Tensor:
        weights = precisions.index_select(0, self._users)  # (n,), α of each rating
        location = self._pattern.products(_beside(users, self._mean), _product_side(items)) + self._time_effects()
        for window in self._windows:
            without = location - window.of_ratings()
            location = without + window.sample(self.y - without, weights, generator)
        self.y = self._likelihood.complete(self._ratings, location, weights, generator)
        squares = (self.y - location).double().square()
        return torch.zeros(len(users), dtype=torch.float64).index_add_(0, self._users, squares)

    def _set_of_items(self, values: Tensor) -> None:
        self._by_item.set_values(self._pattern.transposed.ordered(values).numpy())

    def _time_effects(self) -> Tensor:
        total = torch.zeros_like(self.y)
        for window in self._windows:
            total += window.of_ratings()
        return total


class _SquaredError(torch.autograd.Function):
    """Σ_u (−x_u, 1)ᵀ G_u (−x_u, 1) for rows x_u = (b_u, p_u), and by items alike; its gradient is that of squares."""

    @staticmethod
    @override
    def forward(ctx: Any, by_user: RowGrams, by_item: RowGrams, users: Tensor, items: Tensor) -> Tensor:
        ctx.by_item = by_item
        ctx.save_for_backward(users, items)
        ctx.products, squares = _left(by_user.of(_beside(items, 0.0)), users)
        return squares.sum().float()

    @staticmethod
    @torch.autograd.function.once_differentiable
    @override
    def backward(ctx: Any, outer: Tensor) -> tuple[None, None, Tensor, Tensor]:
        users, items = ctx.saved_tensors
        of_items, _ = _left(ctx.by_item.of(_beside(users, 0.0)), items)
        return None, None, -2 * outer * ctx.products[:, :-1], -2 * outer * of_items[:, :-1]


def in_order_of_users(orders: BothOrders) -> tuple[Tensor, Tensor, Tensor]:
    """Users, items and ratings (n,), user by user."""
    by_user = orders.by_user
    users, items = (torch.from_numpy(part.astype(np.int64)) for part in (by_user.sides, by_user.others))
    return users, items, torch.from_numpy(by_user.values.copy())


def squares_left(grams: Tensor, rows: Tensor) -> Tensor:
    """Σ ε² = (−x, 1)ᵀ G (−x, 1) of each row, (n,), float64, for sums G (n, d + 1, d + 1) and coefficients x (n, d)."""
    return _left(grams, rows)[1].clamp(min=0)


def _left(grams: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """G (−x, 1), (n, d + 1), and (−x, 1)ᵀ G (−x, 1), (n,)."""
    beside = torch.cat([-rows, torch.ones_like(rows[:, :1])], 1)
    products = (grams @ beside[:, :, None])[:, :, 0]
    return products, (products.double() * beside.double()).sum(1)


def _beside(side: Tensor, mean: float) -> Tensor:
    """(1, p, μ + b) of a side's rows (b, p)."""
    return torch.cat([torch.ones_like(side[:, :1]), side[:, 1:], side[:, :1] + mean], 1)


def _product_side(side: Tensor) -> Tensor:
    """(c, q, 1) of a side's rows (c, q), whose product with (1, p, μ + b) is μ + b + c + p · q."""
    return torch.cat([side, torch.ones_like(side[:, :1])], 1)
