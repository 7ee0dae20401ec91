"""Where training starts: what a model knows of the ratings before its first step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import override

from recsys.share import Share

_BLOCK = 1 << 20  # ratings whose deviations are held at once


@dataclass(frozen=True)
class Effects:
    """The part of a rating that needs no interaction: mean + users[u] + items[i]."""

    mean: float
    users: Tensor  # (n_users,) float32
    items: Tensor  # (n_items,) float32


class Start(ABC):
    """Gives a model its first weights: user and item effects plus Gaussian noise of a given scale."""

    def __init__(self, scale: float) -> None:
        """Set the scale of the noise.

        Args:
            scale: size of the Gaussian noise, at least 0. A network of depth N draws each layer from N(0, s²) with
                s = scale^(1/N) / √(largest dimension), so the product has the same scale at every depth.

        Raises:
            ValueError: the scale is negative.
        """
        if scale < 0:
            raise ValueError(f"a start's scale must be at least 0, not {scale}")
        self.scale = scale

    @abstractmethod
    def effects(self, users: Tensor, items: Tensor, ratings: Tensor, n_users: int, n_items: int) -> Effects:
        """Effects for training ratings given as dense indices users, items (n,) and ratings (n,).

        They are those of this process's users; what they say of items adds up over all processes.
        """


class DampedMeans(Start):
    """Start at the mean rating plus damped user and item effects.

    With μ the mean rating, b_i = Σ_u (r_ui − μ) / (n_i + d_item), then b_u = Σ_i (r_ui − μ − b_i) / (n_u + d_user): a
    user or item with few ratings stays near zero. Source: Koren, "Factor in the neighbors", ACM TKDD 2010, section 2.1.
    """

    def __init__(self, user_damping: float = 5.0, item_damping: float = 2.5, scale: float = 1e-3) -> None:
        """Set the damping.

        Args:
            user_damping: d_user, in ratings: a user with this many ratings keeps half of its own effect.
            item_damping: d_item, in ratings, likewise for items.
            scale: size of the Gaussian noise that sets the directions free which the effects leave at zero.

        Raises:
            ValueError: a damping or the scale is negative.
        """
        super().__init__(scale)
        if user_damping < 0 or item_damping < 0:
            raise ValueError(f"damping must be at least 0, not {user_damping} (users) and {item_damping} (items)")
        self.user_damping = user_damping
        self.item_damping = item_damping

    @override
    def effects(self, users: Tensor, items: Tensor, ratings: Tensor, n_users: int, n_items: int) -> Effects:
        blocks = list(zip(*(torch.split(part, _BLOCK) for part in (users, items, ratings)), strict=True))
        share = Share.joined(n_users)
        total = share.sum(torch.stack([part.double().sum() for _, _, part in blocks]).sum())
        mean = total / int(share.sum(torch.tensor(len(ratings))))
        of_users, of_items = (ratings.new_zeros(n, dtype=torch.float64) for n in (n_users, n_items))
        for _, item, part in blocks:
            of_items.index_add_(0, item, part.double() - mean)
        of_items = _damped(share.sum(of_items), share.sum(torch.bincount(items, minlength=n_items)), self.item_damping)
        for user, item, part in blocks:
            of_users.index_add_(0, user, part.double() - mean - of_items[item])
        of_users = _damped(of_users, torch.bincount(users, minlength=n_users), self.user_damping)
        return Effects(float(mean), of_users.float(), of_items.float())


class NearZero(Start):
    """Start near zero with small Gaussian weights and no means, as the paper does."""

    def __init__(self, scale: float = 1e-3) -> None:
        """Set the scale.

        Args:
            scale: size of the Gaussian weights; 1e-3 is the paper's.

        Raises:
            ValueError: the scale is negative.
        """
        super().__init__(scale)

    @override
    def effects(self, users: Tensor, items: Tensor, ratings: Tensor, n_users: int, n_items: int) -> Effects:
        return Effects(0.0, ratings.new_zeros(n_users), ratings.new_zeros(n_items))


def _damped(sums: Tensor, counts: Tensor, damping: float) -> Tensor:
    """Σ / (count + damping) for the sums and counts (n,) of each group, 0 for an empty group."""
    weight = counts + damping
    return sums / torch.where(weight > 0, weight, 1.0)
