"""Fold-in for a model that was averaged over its posterior: its own conditional, given what a new user rated."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from recsys.artifact import Artifact, Floats, Positions
from recsys.artifact.latent.newcomers import Newcomers, spread
from recsys.artifact.uncertainty import Uncertainty, expected, uncertainty
from serving.answers.fold_in import levels
from serving.answers.fold_in.answer import Contributions, FoldIn, gains_of

Numbers = npt.NDArray[np.float64]
# κ: with so many ratings, half of what those who rate an item differ by from all users still counts. Chosen on users
# held out by other seeds than those of benchmarks.fold_in.
_FEW = 2.0
_STEPS = 5  # Newton's, for ratings that are levels; they converge quadratically, and begin near the end


class _Given(NamedTuple):
    """What n ratings say of a new user's row in each of s draws."""

    shifts: Numbers  # (s, n, d), by how much each moves the mean of the row; they add up
    covariance: Numbers  # V, (s, d, d)
    noise: float  # E 1/α, mean over the draws


class Conditional(FoldIn):
    """The posterior of a new user's row r = (p, b) in each draw of the model, averaged over the draws.

    A rating of item i comes from y = c_i + z_i · r + ε with z_i = (q_i, 1), c_i the item's level and ε ~ N(0, 1/ᾱ);
    c, q and ᾱ are those of a draw, and so is the prior r ~ N(m + x B, C). x says which items were rated, as the
    feature `WhoRatedWhat` does; other features are not known of a new user, and C has what they vary by. Then

        r ~ N(m + x B + V Σ_j ᾱ z_j ρ_j, V),  V = (C⁻¹ + ᾱ Σ_j z_j z_jᵀ)⁻¹,  ρ_j = r_j − c_j − z_j · (m + x B),

    with sums over the n rated items, and the score is the mean of c_i + z_i · E r over the draws. Of each draw ᾱ is the
    mean precision of its users. Where ratings are levels, `levels` has the precision and value they stand for. In a
    model with windows of time, those of a new user are not known, and their variance is added to 1/ᾱ.

    Those who rate an item differ from all users, of whom m + x B says what is expected. Without ratings the score is
    the item's mean, so that of those who rated it; κ / (n + κ) of the difference still counts after n ratings.

    Ratings of items without training ratings say nothing: what is not known of such an item is most of it.

    Source: Salakhutdinov and Mnih, "Bayesian probabilistic matrix factorization using MCMC", ICML 2008, equation 11.
    """

    def __init__(self, artifact: Artifact) -> None:
        """Compute what all new users share."""
        arrays, self._arrays = artifact.arrays, artifact.arrays
        self._newcomers = Newcomers(arrays)
        self._means = self._newcomers.means  # m, (s, d)
        self._inverses = np.linalg.inv(self._newcomers.covariances)  # C⁻¹, (s, d, d)
        self._shapes, self._precisions = self._newcomers.shapes, self._newcomers.precisions  # ν and ᾱ, (s,)
        self._draws = arrays["item_draws"]  # (n_items, s, width)
        self._width = self._newcomers.width
        self._ordinal = bool(arrays["ordinal"][0])
        counts = artifact.item_counts
        self._trained, self._known = counts > 0, artifact.item_known
        self._weights = counts / counts.sum()  # (n_items,): the user's own mean is that over the training ratings
        self._average = (self._weights.astype(np.float32) @ self._draws.reshape(len(counts), -1)).reshape(
            self._draws.shape[1:]
        )
        self._item_means = np.float64(artifact.manifest.global_mean) + arrays["item_means"]  # (n_items,)
        nothing = self._given(np.zeros(0, np.intp), np.zeros(0, np.float32))
        self._beforehand = self._expected(nothing)
        self._of_raters = self._item_means - self._beforehand  # (n_items,)

    @override
    def scores(self, items: Positions, ratings: Floats) -> tuple[Floats, float]:
        used = self._trained[items]
        n = np.count_nonzero(used)
        if n == 0:
            return self._item_means.astype(np.float32), 0.0
        beyond = self._expected(self._given(items[used], ratings[used])) - self._beforehand
        beyond -= n / (n + _FEW) * self._of_raters
        own_mean = float(self._weights @ beyond)
        beyond[~self._known] = own_mean
        return (self._item_means + beyond).astype(np.float32), own_mean

    @override
    def contributions(self, items: Positions, ratings: Floats, asked: int | None) -> Contributions:
        """Each rating adds z_i · V ᾱ z_j ρ_j and what it says by x, and all an equal share of what is left.

        That is the part of those who rate an item, and of levels what is not linear. The user's own mean is the mean of
        the predictions over the training ratings, less the items' means.
        """
        used = self._trained[items]
        to_user, to_interaction = np.zeros(len(items)), np.zeros(len(items))
        if used.any():
            scores, own_mean = self.scores(items, ratings)
            shifts = self._given(items[used], ratings[used]).shifts
            to_user[used] = _shared(shifts, self._average[:, 1 : self._width], own_mean)
            if asked is not None and self._known[asked]:
                beyond = float(scores[asked]) - float(self._item_means[asked])
                both = _shared(shifts, self._draws[asked, :, 1 : self._width], beyond)
                to_interaction[used] = both - to_user[used]
        return Contributions(to_user, to_interaction)

    @override
    def uncertainty(self, items: Positions, ratings: Floats, asked: Positions) -> Uncertainty:
        """The mean over the draws of zᵀ V z and of the noise, and the variance of the draws' means."""
        used = self._trained[items]
        given = self._given(items[used], ratings[used])
        scores = self._location(given)[asked] if self._ordinal else self.scores(items, ratings)[0][asked]
        return uncertainty(self._arrays, scores, self._deviations(given, asked))

    @override
    def gains(self, items: Positions, ratings: Floats) -> Numbers:
        """The mean over the draws, with the covariance V and the noise 1/ᾱ of each."""
        used = self._trained[items]
        covariances = self._given(items[used], ratings[used]).covariance.astype(np.float32)
        gains = np.zeros(len(self._draws))
        for draw, (covariance, precision) in enumerate(zip(covariances, self._precisions, strict=True)):
            vectors = self._draws[:, draw, 1 : self._width]  # z, (n_items, d)
            gains += gains_of(vectors, covariance, self._mean_squares[draw], 1 / precision)
        return np.where(self._trained, gains / len(covariances), 0)

    @cached_property
    def _mean_squares(self) -> Floats:
        """A of each draw, (s, d, d); computed when a newcomer first asks what to rate, not at the start."""
        shares = self._weights.astype(np.float32)[:, None]
        vectors = self._draws[:, :, 1 : self._width].swapaxes(0, 1)  # z, (s, n_items, d)
        return np.stack([(each * shares).T @ each for each in vectors])

    def _given(self, items: Positions, ratings: Floats) -> _Given:
        vectors = self._draws[items, :, 1 : self._width].swapaxes(0, 1).astype(np.float64)  # z, (s, n, d)
        said = self._said_by_items(items)  # (s, n, d)
        before = self._draws[items, :, 0].T + _products(vectors, self._means + said.sum(1))  # (s, n)
        alpha = np.broadcast_to(self._precisions[:, None], before.shape)
        seen = levels.Observations(np.broadcast_to(ratings.astype(np.float64), before.shape), alpha)
        if not self._ordinal:
            shifts, covariance = self._conditioned(vectors, seen, before)
            squares = (seen.targets - before - _products(vectors, shifts.sum(1))) ** 2 + spread(vectors, covariance)
            shape = self._shapes + items.size / 2
            rate = self._shapes / self._precisions + squares.sum(1) / 2
            return _Given(said + shifts, covariance, float(np.mean(rate / (shape - 1))))
        between, location = levels.intervals(self._arrays, ratings), before
        for _ in range(_STEPS):
            seen = levels.observed(between, location, alpha)
            shifts, covariance = self._conditioned(vectors, seen, before)
            location = before + _products(vectors, shifts.sum(1))
        return _Given(said + shifts, covariance, self._newcomers.noise)

    def _conditioned(self, vectors: Numbers, seen: levels.Observations, before: Numbers) -> tuple[Numbers, Numbers]:
        """By how much each observation moves the mean, (s, n, d), and V (s, d, d)."""
        weighted = vectors * seen.precisions[:, :, None]
        precision = self._inverses + weighted.swapaxes(1, 2) @ vectors
        covariance = np.linalg.inv(precision).astype(np.float64, copy=False)
        shifts: Numbers = weighted * (seen.targets - before)[:, :, None] @ covariance
        return shifts, covariance

    def _said_by_items(self, items: Positions) -> Numbers:
        """What each of n rated items adds to x B, whatever its rating, (s, n, d)."""
        n, arrays = items.size, self._arrays
        if "newcomer_weights" not in arrays or n == 0:
            return np.zeros((len(self._means), n, self._means.shape[1]))
        share = n / (n + np.float64(arrays["newcomer_few"][0]))
        features = share * (arrays["newcomer_directions"][items] / np.sqrt(n) - arrays["newcomer_centre"] / n)
        said: Numbers = np.roll(features @ arrays["newcomer_weights"].astype(np.float64), -1, -1)
        return said

    def _expected(self, given: _Given) -> Numbers:
        """Expected ratings of all items, (n_items,)."""
        location = self._location(given)
        if self._ordinal:
            location = expected(self._arrays, location, self._deviations(given, np.arange(len(self._draws))))
        return location.astype(np.float64)

    def _location(self, given: _Given) -> Floats:
        """The mean of y over the draws, (n_items,)."""
        left = np.zeros(self._draws.shape[1:], np.float32)  # (s, width)
        left[:, 0], left[:, 1 : self._width] = 1, self._means + given.shifts.sum(1)
        location: Floats = self._draws.reshape(len(self._draws), -1) @ left.ravel() / np.float32(len(left))
        return location

    def _deviations(self, given: _Given, asked: Positions) -> Floats:
        """Standard deviations (n,) of y for the items asked for."""
        rows = self._means + given.shifts.sum(1)
        variances = self._newcomers.variances(self._arrays, asked, rows, given.covariance)
        deviations: Floats = np.sqrt(variances + given.noise).astype(np.float32)
        return deviations


def _shared(shifts: Numbers, vectors: Floats, total: float) -> Numbers:
    """What each of n shifts (s, n, d) of a row adds for vectors (s, d), and an equal share of what is left, (n,)."""
    added: Numbers = np.einsum("snd,sd->n", shifts, vectors) / len(shifts)
    added += (total - added.sum()) / added.size
    return added


def _products(vectors: Numbers, rows: Numbers) -> Numbers:
    """Products (s, n) of vectors (s, n, d) with a row (s, d) of each draw."""
    products: Numbers = (vectors @ rows[:, :, None])[:, :, 0]
    return products
