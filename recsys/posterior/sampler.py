"""Block Gibbs sampler of a biased embedding, and the averages over its draws."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from data.sorted_ratings import BothOrders
from recsys.posterior.draws import Normal, gamma, gamma_shape, rows
from recsys.posterior.likelihoods import GaussianRatings, Likelihood
from recsys.posterior.observations import ExactRatings, LatentRatings, squares_left
from recsys.posterior.priors import FeaturePrior
from recsys.posterior.streams import Purpose, Streams, first_drawn
from recsys.posterior.summary import Posterior
from recsys.posterior.time_windows import WindowEffects
from recsys.share import Share
from recsys.starts import DampedMeans

# ν: a user's noise precision is α_u ~ Gamma(ν, ν/ᾱ), so that their relative spread is 1/√ν. It is drawn from these, all
# equally likely beforehand, in equal ratios: MovieLens 100K has ν near 6, Flixster near 1.3. E 1/α, the noise variance
# of a user without ratings, needs ν > 1.
_NOISE_SHAPES = torch.logspace(math.log10(1.1), 2, 200, dtype=torch.float64)
_FIRST_NOISE_SHAPE = 5.0

# Largest noise precision: a deviation of 0.05 stars, far below what people give, so that ratings without any noise do
# not lead to matrices that single precision cannot decompose.
_MOST_PRECISE = 400.0


@dataclass(frozen=True)
class TrainingRatings:
    """What the sampler learns from."""

    orders: BothOrders
    user_features: Sequence[Tensor] = ()  # (n_users, f) each
    item_features: Sequence[Tensor] = ()  # (n_items, f) each
    windows: Sequence[WindowEffects] = field(default_factory=list)
    """Of the ratings in order of users."""
    of_new_by: int | None = None
    """Which of `user_features` will also be known of users who are not there."""
    of_new_items_by: Collection[int] = ()
    """Which of `item_features` will also be known of items that are not there, which have zeros in the others."""


class GibbsSampler:
    """Draws from the posterior of y_ui = μ + b_u + c_i + p_u · q_i + Σ_w h_w + ε_ui, ε_ui ~ N(0, 1/α_u).

    Rows (b_u, p_u) and (c_i, q_i) have a `FeaturePrior` each; the h_w are the `WindowEffects` of the rating's time; y
    is the rating itself or, with an ordinal likelihood, a latent variable. A sweep draws, each given all the rest: the
    users' prior, all users; the items' prior, all items; the effects of time; y; the noise precisions α_u, then their
    scale ᾱ and shape ν. μ is the mean training rating and is not drawn.

    Of several processes each draws its own users, and from the sums of all some of the items. Random numbers are keyed
    by what they are for, so what is drawn is what one process draws, but for the order in which sums are added up.
    """

    def __init__(self, data: TrainingRatings, likelihood: Likelihood, rank: int, seed: int) -> None:
        """Set up everything that does not change from sweep to sweep. Call `start` before the first sweep."""
        self.windows, self.likelihood, self.streams = data.windows, likelihood, Streams(seed)
        self._of_new_by = data.of_new_by
        by_user, by_item = data.orders
        n_users, n_items = len(by_user), len(by_item)
        self._share = Share.joined(n_users)
        likelihood.start(by_user.values)
        counts, of_items = (torch.from_numpy(side.counts).double() for side in data.orders)
        self._counts, self._counts_of_items = counts, self._share.sum(of_items)
        self._counts_of_drawn = self._share.gather(counts)[first_drawn(self._share) : self._share.end]
        self._n = self._counts_of_items.sum()
        self.mean = float(self._share.sum(torch.tensor(by_user.values.sum(dtype=np.float64))) / self._n)  # μ
        self.user_rated, self.item_rated = self._counts > 0, self._counts_of_items > 0
        self.user_prior = FeaturePrior(self.user_rated, rank + 1, data.user_features, self._share)
        self.item_prior = FeaturePrior(self.item_rated, rank + 1, data.item_features, Share.whole(n_items))
        self._observed = (
            LatentRatings(data.orders, self.mean, likelihood, data.windows)
            if data.windows or not isinstance(likelihood, GaussianRatings)
            else ExactRatings(data.orders, self.mean)
        )
        self.sweeps = 0  # that were drawn
        self.users = torch.zeros(n_users, rank + 1)  # rows (b_u, p_u)
        self.items = torch.zeros(n_items, rank + 1)  # rows (c_i, q_i)
        self.precisions = torch.ones(n_users)  # α
        self.mean_precision = torch.ones((), dtype=torch.float64)  # ᾱ
        self.noise_shape = torch.tensor(_FIRST_NOISE_SHAPE, dtype=torch.float64)  # ν
        self.noise = torch.ones(n_users)  # E 1/α
        self.of_new_items_by = [place for place in data.of_new_items_by if place in self.item_prior.given]
        n_cold = len(self._cold_rows())
        self._one = torch.zeros(n_items + n_cold, 1)  # of a row of `_factors`, and of what is added to one
        self._one[: n_items + min(n_cold, 1)] = 1
        self.posterior = Posterior(self._share, n_items, likelihood.levels, n_cold)

    def squared_error(self, users: Tensor, items: Tensor) -> Tensor:
        """Mean of (r_ui − b_u − c_i − p_u · q_i)², a scalar, for rows as in `start`; differentiable once."""
        return self._observed.squared_error(users, items) / self._n.float()

    def start(self, users: Tensor, items: Tensor) -> None:
        """Begin at rows (b_u, p_u), (n_users, rank + 1), and (c_i, q_i), (n_items, rank + 1)."""
        self.users, self.items = users.clone(), items.clone()
        squares = squares_left(self._observed.of_users(self.items), self.users)
        self.mean_precision = 1 / (self._share.sum(squares.sum()) / self._n).clamp(min=1 / _MOST_PRECISE)
        self.precisions = torch.full_like(self.precisions, float(self.mean_precision))

    def sweep(self) -> float:
        """Draw everything once; returns the root mean squared residual of y."""
        observed, streams, sweep = self._observed, self.streams, self.sweeps
        generator = streams.shared(sweep)

        self.user_prior.sample(self.users, generator)
        noise = streams.normals(sweep, Purpose.USERS, self._share, self.users.shape[1])
        self.users = rows(observed.of_users(self.items), self.precisions, self.user_prior.normal(), noise)

        self.item_prior.sample(self.items, generator)
        drawn = observed.drawn_items
        noise = streams.normals(sweep, Purpose.ITEMS, drawn, self.items.shape[1])
        sums, prior = observed.of_items(self.users, self.precisions), self.item_prior.normal()
        prior = prior._replace(mean=prior.mean[drawn.rows])
        self.items = drawn.gather(rows(sums, torch.ones(len(sums)), prior, noise))

        squares = observed.complete(self.users, self.items, self.precisions, generator)
        self._sample_noise(squares, generator)
        self.sweeps += 1
        return float((self._share.sum(squares.sum()) / self._n).sqrt())

    def average(self) -> None:
        """Let the present draw count in the averages.

        A row without ratings counts with its prior's moments in place of a draw: its mean and covariance Λ⁻¹. So two
        such rows with equal features have equal predictions.
        """
        of_users, of_items = self.user_prior.normal(), self.item_prior.normal()
        users = torch.where(self.user_rated[:, None], self.users, of_users.mean)
        items = torch.where(self.item_rated[:, None], self.items, of_items.mean)
        cold = self._cold_rows()
        left, right = self._factors(users, torch.cat([items, cold]))
        if self.user_prior.n < self._share.total:
            left, right = self._with_new_users(left, right)
        share = self.posterior.average(left, right, self.noise, self.likelihood.thresholds)
        newcomer = self.user_prior.new_row(self._of_new_by)
        self.posterior.keep_newcomer(newcomer, self.mean_precision, self.noise_shape)
        self.posterior.leave_open(share, *self._open(users, of_users, items, of_items, cold))
        for window in self.windows:
            window.average(share)

    def state(self) -> dict[str, Any]:
        """Everything that sweeps change, so that `load_state` on a new sampler of the same data goes on bit for bit."""
        latent = {"y": self._observed.y} if isinstance(self._observed, LatentRatings) else {}
        return {
            **{name: getattr(self, name) for name in _STATE},
            **{name: self._share.to_first(getattr(self, name)) for name in _OF_USERS},
            **latent,
            "thresholds": self.likelihood.thresholds,
            "seed": self.streams.seed,
            "sweeps": self.sweeps,
            "user_prior": self.user_prior.state(),
            "item_prior": self.item_prior.state(),
            "windows": [window.state() for window in self.windows],
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave; one of an older version serves to predict."""
        for name in filter(state.__contains__, _STATE):
            setattr(self, name, state[name].clone())
        for name in filter(state.__contains__, _OF_USERS):
            setattr(self, name, self._share.own(state[name]).clone())
        self.likelihood.thresholds = state["thresholds"].clone()
        if "seed" in state:
            self.streams, self.sweeps = Streams(state["seed"]), state["sweeps"]
        if isinstance(self._observed, LatentRatings) and "y" in state:
            self._observed.y = state["y"].clone()
        self.user_prior.load_state(state["user_prior"])
        self.item_prior.load_state(state["item_prior"])
        for window, own in zip(self.windows, state["windows"], strict=True):
            window.load_state(own)

    def _cold_rows(self) -> Tensor:
        """What the rows (c, q) of new items are combinations of, (n_cold, k + 1): see `FeaturePrior.affine_rows`."""
        if not self.of_new_items_by:
            return self.items[:0]
        return self.item_prior.affine_rows(self.of_new_items_by).float()

    def _factors(self, users: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        """(n_users, k + 2) and (n_items + n_cold, k + 2), whose product is μ + b_u + c_i + p_u · q_i of all pairs."""
        left = torch.cat([_with_one(users), users[:, :1]], 1)
        right = torch.cat([items[:, :1] + self.mean * self._one, items[:, 1:], self._one], 1)
        return left, right

    def _with_new_users(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        """Factors as of `_factors`, one column wider, with users without ratings at ȳ_i + (1, q_i) · Σ_b x_ub B_b.

        ȳ_i is the damped mean of the y of item i: what is expected of a user who gives a rating, since only such are in
        it. The mean row μ would say what is expected of all users, also of those who would never rate that item, and is
        worse on ratings of users who were held out. Items without ratings have no such mean, and are at that of μ.
        """
        mean_row = self.user_prior.mean.float()
        average = torch.cat([torch.ones(1), mean_row[1:], mean_row[:1]])  # the left row of the user with the mean row
        sums, counts = self._observed.sums_of_items(), self._counts_of_items
        mean = sums.sum() / counts.sum()
        damped = mean + (sums - mean * counts) / (counts + DampedMeans().item_damping)
        of_items, of_cold = right[: len(damped)] @ average, right[len(damped) :] @ average
        expected = torch.cat([torch.where(self.item_rated, damped.float(), of_items), of_cold])  # ȳ
        new = ~self.user_rated[:, None]
        left = torch.where(new, left - average, left)
        return torch.cat([left, new.float()], 1), torch.cat([right, expected[:, None]], 1)

    def _open(
        self, users: Tensor, of_users: Normal, items: Tensor, of_items: Normal, cold: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The variance of y that rows without ratings leave open, o_u · o_i with (n_users, 2) and (n_items, 2).

        Given both sides' rows or their means, independent rows x_u = (b_u, p_u) of mean x̄ and covariance C and
        z_i = (c_i, q_i) of mean z̄ and covariance D, b_u + c_i + p_u · q_i has the variance (1, q̄)ᵀ C (1, q̄) +
        (1, p̄)ᵀ D (1, p̄) + tr C_pp D_qq; C is 0 for users with ratings, whose row is drawn, and D for such items. The
        first of these as a form of what new items' rows are combinations of, (n_cold, n_cold), comes third.
        """
        covariance_of_user = torch.linalg.inv(of_users.precision)  # C
        covariance_of_item = torch.linalg.inv(of_items.precision)  # D
        new_users, new_items = (~self.user_rated).float(), (~self.item_rated).float()
        vectors, weights = _with_one(items), _with_one(users)
        of_both = (covariance_of_user[1:, 1:] * covariance_of_item[1:, 1:]).sum()  # both matrices are symmetric
        by_items = ((vectors @ covariance_of_user) * vectors).sum(1)
        by_users = ((weights @ covariance_of_item) * weights).sum(1) + of_both * new_users
        cold_vectors = torch.cat([self._one[len(items) :], cold[:, 1:]], 1)
        by_cold = cold_vectors @ covariance_of_user @ cold_vectors.T
        return torch.stack([new_users, by_users], 1), torch.stack([by_items, new_items], 1), by_cold

    def _sample_noise(self, squares: Tensor, generator: Generator) -> None:
        """Draw the noise precisions, given Σ ε² of each user, (n_users,).

        α_u ~ Gamma(ν + n_u/2, ν/ᾱ + Σ ε²/2); 1/ᾱ ~ Gamma(1 + ν m, 1 + ν Σ α_u) over m users with ratings; then ν.

        `noise` becomes the mean of 1/α_u in the first of these, (ν/ᾱ + Σ ε²/2) / (ν + n_u/2 − 1). A draw of 1/α_u would
        do as well, but that of a user with few ratings has no variance for a small ν, and its average does not settle.
        """
        shape = self.noise_shape + self._counts / 2
        rate = self.noise_shape / self.mean_precision + squares / 2
        self.noise = (rate / (shape - 1)).clamp(min=1 / _MOST_PRECISE).float()
        shapes = self.noise_shape + self._counts_of_drawn / 2
        gammas = self.streams.gammas(self.sweeps, Purpose.NOISE, self._share, shapes)
        drawn = (gammas / rate).clamp(max=_MOST_PRECISE)
        self.precisions = drawn.float()
        of_rated = drawn[self.user_rated]
        shape = 1 + self.noise_shape * self.user_prior.n
        self.mean_precision = 1 / gamma(shape, 1 + self.noise_shape * self._share.sum(of_rated.sum()), generator)
        self.noise_shape = gamma_shape(of_rated / self.mean_precision, self._share, _NOISE_SHAPES, generator)


def _with_one(side: Tensor) -> Tensor:
    """Rows (1, p) of a side's rows (b, p)."""
    return torch.cat([torch.ones_like(side[:, :1]), side[:, 1:]], 1)


_STATE, _OF_USERS = ("items", "mean_precision", "noise_shape"), ("users", "precisions")
