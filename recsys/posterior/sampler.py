"""Block Gibbs sampler of a biased embedding, and the averages over its draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from recsys.pattern import Pattern
from recsys.posterior.draws import Regression, gamma, rows
from recsys.posterior.likelihoods import Likelihood
from recsys.posterior.priors import FeaturePrior
from recsys.posterior.summary import Posterior
from recsys.posterior.time_windows import WindowEffects

# ν: a user's noise precision is α_u ~ Gamma(ν, ν/ᾱ), so that their relative spread is 1/√ν = 0.45.
_NOISE_SHAPE = 5.0

# Largest noise precision: a deviation of 0.05 stars, far below what people give, so that ratings without any noise do
# not lead to matrices that single precision cannot decompose.
_MOST_PRECISE = 400.0


@dataclass(frozen=True)
class TrainingRatings:
    """What the sampler learns from."""

    users: Tensor  # (n,)
    items: Tensor  # (n,)
    ratings: Tensor  # (n,)
    n_users: int
    n_items: int
    user_features: Sequence[Tensor] = ()  # (n_users, f) each
    item_features: Sequence[Tensor] = ()  # (n_items, f) each
    windows: Sequence[WindowEffects] = field(default_factory=list)


class GibbsSampler:
    """Draws from the posterior of y_ui = μ + b_u + c_i + p_u · q_i + Σ_w h_w + ε_ui, ε_ui ~ N(0, 1/α_u).

    Rows (b_u, p_u) and (c_i, q_i) have a `FeaturePrior` each; the h_w are the `WindowEffects` of the rating's time; y
    is the rating itself or, with an ordinal likelihood, a latent variable. A sweep draws, each given all the rest: the
    users' prior, all users; the items' prior, all items; the effects of time; y; the noise precisions α_u, and their
    scale ᾱ. μ is the mean training rating and is not drawn.

    Memory: the averages are two dense n_users × n_items matrices, which is for data sets as small as MovieLens 100K.
    """

    def __init__(self, data: TrainingRatings, likelihood: Likelihood, rank: int, generator: Generator) -> None:
        """Set up everything that does not change from sweep to sweep. Call `start` before the first sweep."""
        self.data, self.likelihood, self.generator = data, likelihood, generator
        n_users, n_items = data.n_users, data.n_items
        likelihood.start(data.ratings)
        self.mean = float(data.ratings.double().mean())  # μ
        self.user_prior = FeaturePrior(n_users, rank + 1, data.user_features)
        self.item_prior = FeaturePrior(n_items, rank + 1, data.item_features)
        self._rated = Pattern(data.users, data.items, (n_users, n_items))
        self._counts = torch.bincount(data.users, minlength=n_users).double()
        self.users = torch.zeros(n_users, rank + 1)  # rows (b_u, p_u)
        self.items = torch.zeros(n_items, rank + 1)  # rows (c_i, q_i)
        self.precisions = torch.ones(n_users)  # α
        self.mean_precision = torch.ones((), dtype=torch.float64)  # ᾱ
        self.completed = data.ratings.clone()  # y
        self.posterior = Posterior.empty(n_users, n_items, likelihood.levels)

    def start(self, users: Tensor, items: Tensor) -> None:
        """Begin at rows (b_u, p_u), (n_users, rank + 1), and (c_i, q_i), (n_items, rank + 1)."""
        self.users, self.items = users.clone(), items.clone()
        residuals = self.completed - self._without_time()
        self.mean_precision = 1 / residuals.double().square().mean().clamp(min=1 / _MOST_PRECISE)
        self.precisions = torch.full_like(self.precisions, float(self.mean_precision))

    def sweep(self) -> float:
        """Draw everything once; returns the root mean squared residual of y."""
        data, rated, generator = self.data, self._rated, self.generator
        time = self._time_effects()
        centred = self.completed - self.mean - time
        weights = self.precisions.index_select(0, data.users)  # (n,), α of each rating

        self.user_prior.sample(self.users, generator)
        targets = weights * (centred - self.items[:, 0].index_select(0, data.items))
        given = Regression(rated.matrix(weights), rated.matrix(targets), _with_one(self.items))
        self.users = rows(given, self.user_prior.normal(), generator)

        self.item_prior.sample(self.items, generator)
        targets = weights * (centred - self.users[:, 0].index_select(0, data.users))
        given = Regression(rated.transposed.matrix(weights), rated.transposed.matrix(targets), _with_one(self.users))
        self.items = rows(given, self.item_prior.normal(), generator)

        location = self._without_time() + time
        for window in data.windows:
            without = location - window.of_ratings()
            location = without + window.sample(self.completed - without, weights, generator)
        self.completed = self.likelihood.complete(data.ratings, location, weights, generator)
        residuals = self.completed - location
        self._sample_noise(residuals)
        return float(residuals.double().square().mean().sqrt())

    def average(self) -> None:
        """Let the present draw count in the averages."""
        share = self.posterior.average(*self._factors(), 1 / self.precisions, self.likelihood.thresholds)
        for window in self.data.windows:
            window.average(share)

    def state(self) -> dict[str, Any]:
        """Everything that sweeps change, so that `load_state` on a new sampler of the same data goes on bit for bit."""
        return {
            **{name: getattr(self, name) for name in _STATE},
            "thresholds": self.likelihood.thresholds,
            "generator": self.generator.get_state(),
            "user_prior": self.user_prior.state(),
            "item_prior": self.item_prior.state(),
            "windows": [window.state() for window in self.data.windows],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        for name in _STATE:
            setattr(self, name, state[name].clone())
        self.likelihood.thresholds = state["thresholds"].clone()
        self.generator.set_state(state["generator"])
        self.user_prior.load_state(state["user_prior"])
        self.item_prior.load_state(state["item_prior"])
        for window, own in zip(self.data.windows, state["windows"], strict=True):
            window.load_state(own)

    def _time_effects(self) -> Tensor:
        total = torch.zeros_like(self.completed)
        for window in self.data.windows:
            total += window.of_ratings()
        return total

    def _without_time(self) -> Tensor:
        """μ + b_u + c_i + p_u · q_i of the training ratings, (n,)."""
        return self._rated.products(*self._factors())

    def _factors(self) -> tuple[Tensor, Tensor]:
        """(n_users, k + 2) and (n_items, k + 2), whose product is μ + b_u + c_i + p_u · q_i of all pairs."""
        users = torch.cat([_with_one(self.users), self.users[:, :1]], 1)
        items = torch.cat([self.items[:, :1] + self.mean, self.items[:, 1:], torch.ones_like(self.items[:, :1])], 1)
        return users, items

    def _sample_noise(self, residuals: Tensor) -> None:
        """α_u ~ Gamma(ν + n_u/2, ν/ᾱ + Σ ε²/2), then ᾱ: 1/ᾱ ~ Gamma(1 + ν n_users, 1 + ν Σ α_u)."""
        squares = torch.zeros_like(self._counts).index_add_(0, self.data.users, residuals.double().square())
        rate = _NOISE_SHAPE / self.mean_precision + squares / 2
        drawn = gamma(_NOISE_SHAPE + self._counts / 2, rate, self.generator).clamp(max=_MOST_PRECISE)
        self.precisions = drawn.float()
        shape = 1 + _NOISE_SHAPE * self.data.n_users
        self.mean_precision = 1 / gamma(shape, 1 + _NOISE_SHAPE * drawn.sum(), self.generator)


def _with_one(side: Tensor) -> Tensor:
    """Rows (1, p) of a side's rows (b, p)."""
    return torch.cat([torch.ones_like(side[:, :1]), side[:, 1:]], 1)


_STATE = ("users", "items", "precisions", "mean_precision", "completed")
