"""What remains of the draws: mean and spread of what a rating of any user and item comes from, by factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from recsys.posterior.factored_mean import FactoredMean
from recsys.posterior.kept_draws import KeptDraws
from recsys.posterior.priors import NewRow
from recsys.share import Share

_OF_NEWCOMERS = (
    "newcomer_means", "newcomer_covariances", "newcomer_precisions", "newcomer_shapes", "newcomer_weights",
)  # fmt: skip
_AVERAGES, _OF_USERS = ("thresholds", "item_open", "cold_open"), ("noise", "user_open")


class Posterior:
    """Averages over the draws of the sampler, without effects of time; y is the rating, or what it comes from.

    Apart from time, the y of user u and item i is taken to be normal. Its mean is that of all draws, as a
    `FactoredMean` has it. Its variance is that of the `KeptDraws`, what rows without ratings leave open beside,
    o_u · o_i, and the noise's. `recsys.artifact.latent.factored` computes both from the arrays. Of the same draws it
    keeps what each says of users who are not among those of the training, for `recsys.artifact.latent.newcomers`. Of
    items that are not, what they would be predicted from is kept like the items: see `recsys.artifact.cold_items`.
    """

    def __init__(self, users: Share, n_items: int, levels: Tensor, n_cold: int = 0) -> None:
        """Begin with no draws.

        Args:
            users: the share whose users there are.
            n_items: number of items.
            levels: the ratings there are, (s,).
            n_cold: how many rows those of new items are linear combinations of.
        """
        self.levels, self._users, self._n_items = levels, users, n_items
        self.draws = 0
        self.noise = torch.zeros(len(users))  # mean of the noise variance 1/α_u
        self.thresholds = torch.zeros(len(levels) - 1, dtype=torch.float64)  # mean thresholds between the levels
        self.user_open, self.item_open = torch.zeros(len(users), 2), torch.zeros(n_items, 2)  # o
        self.cold_open = torch.zeros(n_cold, n_cold)  # o of a new item is a quadratic form in its combination
        self._mean, self._kept = FactoredMean(users, n_items, n_cold), KeptDraws()
        self._newcomers = KeptDraws()

    def average(self, left: Tensor, right: Tensor, noise: Tensor, thresholds: Tensor) -> float:
        """Add a draw, y = left @ rightᵀ with (n_users, c) and (n_items + n_cold, c); returns its share, 1 / draws."""
        right = right[: self._n_items + len(self.cold_open)]  # a checkpoint of before those of new items has none
        self.draws += 1
        share = 1 / self.draws
        self._mean.add(left, right)
        self._kept.add(left, right)
        self.noise = self.noise + share * (noise - self.noise)
        self.thresholds = self.thresholds + share * (thresholds - self.thresholds)
        return share

    def leave_open(self, share: float, users: Tensor, items: Tensor, cold: Tensor) -> None:
        """Let o, (n_users, 2) and (n_items, 2), of the present draw count for its share, and the form (n_cold, n_cold).

        The form gives the first number of o of a new item; the second is 1.
        """
        self.user_open = self.user_open + share * (users - self.user_open)
        self.item_open = self.item_open + share * (items - self.item_open)
        if len(self.cold_open):
            self.cold_open = self.cold_open + share * (cold - self.cold_open)

    def keep_newcomer(self, prior: NewRow, precision: Tensor, shape: Tensor) -> None:
        """Keep what the present draw says of a new user's row and noise, α ~ Gamma(shape, shape / precision)."""
        weights = () if prior.weights is None else (prior.weights,)
        self._newcomers.add(prior.mean, prior.covariance, precision, shape, *weights)

    def factors(self) -> tuple[Tensor, Tensor]:
        """Factors of the mean of y, (n_users, r) and (n_items, r)."""
        left, right = self._mean.factors()
        return left, right[: self._n_items]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it, as `recsys.artifact.latent.factored` takes it."""
        n = self._n_items
        (user_factors, factors), (user_draws, draws) = self._mean.factors(), self._kept.stacked(1)
        # A checkpoint of before they were kept has draws without them.
        of_newcomers = self._newcomers.stacked(0) if self._newcomers.seen == self.draws else []
        names = _OF_NEWCOMERS[: len(of_newcomers)]  # the last is of features that what users rated tells
        of_cold = {"cold_item_factors": factors[n:], "cold_item_draws": draws[n:], "cold_item_open": self.cold_open}
        tensors = {
            "user_factors": user_factors, "item_factors": factors[:n],
            "user_draws": user_draws, "item_draws": draws[:n],
            "user_open": self.user_open, "item_open": self.item_open,
            "noise": self.noise, "thresholds": self.thresholds, "levels": self.levels,
            **dict(zip(names, of_newcomers, strict=True)), **(of_cold if len(self.cold_open) else {}),
        }  # fmt: skip
        return {name: np.ascontiguousarray(tensor.float().numpy()) for name, tensor in tensors.items()}

    def state(self) -> dict[str, Any]:
        """All of it, as plain values and tensors; of all users in the first process."""
        all_users, kept = self._users.to_first, self._kept.state()
        return {
            "draws": self.draws,
            "levels": self.levels,
            "mean": self._mean.state(),
            "kept": {**kept, "draws": [(all_users(left), right) for left, right in kept["draws"]]},
            "newcomers": self._newcomers.state(),
            **{name: getattr(self, name) for name in _AVERAGES},
            **{name: all_users(getattr(self, name)) for name in _OF_USERS},
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], users: Share) -> Posterior:
        """What `state` was given by; matrices of users × items, which it was before format 6, serve to predict."""
        if "location" in state:
            return cls._of_matrices(state)
        state = {"cold_open": torch.zeros(0, 0), **state}
        posterior = cls(users, len(state["item_open"]), state["levels"], len(state["cold_open"]))
        posterior.draws = state["draws"]
        posterior._mean.load_state(state["mean"])
        kept = [(users.own(left), right) for left, right in state["kept"]["draws"]]
        posterior._kept.load_state({**state["kept"], "draws": kept})
        if "newcomers" in state:
            posterior._newcomers.load_state(state["newcomers"])
        for name in _AVERAGES:
            setattr(posterior, name, state[name])
        for name in _OF_USERS:
            setattr(posterior, name, users.own(state[name]))
        return posterior

    @classmethod
    def _of_matrices(cls, state: dict[str, Any]) -> Posterior:
        """The matrices times the identity, and one draw, which varies in nothing."""
        location, variance = state["location"], state["spread"] / max(state["draws"], 1)  # (n_users, n_items)
        n_users, n_items = location.shape
        identity = torch.eye(n_items)
        posterior = cls(Share.whole(n_users), n_items, state["levels"])
        posterior._mean.load_state({"left": location, "right": identity, "waiting": [], "draws": 1})
        posterior._kept.add(torch.zeros(n_users, 1), torch.zeros(n_items, 1))
        posterior.user_open, posterior.item_open = variance, identity
        posterior.draws, posterior.noise, posterior.thresholds = (state[n] for n in ("draws", "noise", "thresholds"))
        return posterior
