"""The parts of the Gibbs sampler draw from the distributions that their docstrings state."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from data.sorted_ratings import both_orders
from recsys.artifact.latent.factored import FactoredPosterior
from recsys.errors import SettingsError
from recsys.posterior.coverage import interval_coverage
from recsys.posterior.draws import Normal, gamma, gamma_shape, rows, wishart
from recsys.posterior.likelihoods import GaussianRatings, OrderedProbit, level_probabilities
from recsys.posterior.priors import FeaturePrior
from recsys.posterior.sampler import GibbsSampler, TrainingRatings
from recsys.posterior.summary import Posterior
from recsys.posterior.time_windows import TimeWindows, WindowEffects
from recsys.share import Share
from tests.recsys.posterior.draws import every, seeded
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings


class TestDraws:
    def test_rows_have_the_mean_and_covariance_of_the_conditional_distribution(self) -> None:
        n, generator = 40_000, seeded()
        vectors = torch.randn(5, 3, generator=generator)
        targets, alpha = torch.randn(5, generator=generator), 1.7
        observed = torch.tensor([1.0, 0, 1, 1, 0])
        prior_mean, root = torch.randn(3, generator=generator), torch.randn(3, 3, generator=generator)
        prior_precision = root @ root.T + torch.eye(3)
        z = torch.cat([vectors, targets[:, None]], 1)[observed > 0]
        prior, noise = Normal(prior_mean.expand(n, 3), prior_precision), torch.randn(n, 3, generator=generator)
        drawn = rows((z.T @ z).expand(n, 4, 4), torch.full((n,), alpha), prior, noise).double()

        v, weights = vectors.double(), (alpha * observed).double()
        precision = prior_precision.double() + v.T @ (weights[:, None] * v)
        mean = torch.linalg.solve(precision, prior_precision.double() @ prior_mean.double() + v.T @ (weights * targets))
        covariance = torch.linalg.inv(precision)
        error = 5 * (covariance.diagonal() / n).sqrt()  # five standard errors
        assert ((drawn.mean(0) - mean).abs() < error).all()
        torch.testing.assert_close(drawn.T.cov(), covariance, rtol=0.05, atol=0.01 * float(covariance.max()))

    def test_gamma_and_wishart_have_their_means(self) -> None:
        generator = seeded()
        drawn = gamma(torch.full((20_000,), 3.0), 2.0, generator)
        assert float(drawn.mean()) == pytest.approx(1.5, abs=0.03)
        assert float(drawn.var()) == pytest.approx(0.75, rel=0.1)
        inverse = torch.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=torch.float64)
        mean = torch.stack([wishart(inverse, 7.0, generator) for _ in range(3000)]).mean(0)
        torch.testing.assert_close(mean, 7 * torch.linalg.inv(inverse), rtol=0.08, atol=0.15)

    @pytest.mark.parametrize("truth", [1.3, 6.0, 40.0])
    def test_the_shape_of_gamma_values_is_found(self, truth: float) -> None:
        generator, shapes = seeded(), torch.logspace(0, 2, 200, dtype=torch.float64)
        values = gamma(torch.full((20_000,), truth), truth, generator)
        drawn = torch.stack([gamma_shape(values, Share.whole(20_000), shapes, generator) for _ in range(50)])
        assert float(drawn.mean()) == pytest.approx(truth, rel=0.05)


class TestPrior:
    def test_drawing_rows_and_prior_in_turn_gives_the_prior_of_its_parameters(self) -> None:
        # Geweke, "Getting it right", JASA 2004: with rows drawn from the prior itself, nothing is learnt.
        generator = seeded()
        prior = FeaturePrior(every(4), 2, [torch.randn(4, 3, generator=generator)], Share.whole(4))
        strengths, sizes, precisions = [], [], []
        for _ in range(3000):
            normal = prior.normal()
            noise = torch.linalg.solve_triangular(
                torch.linalg.cholesky(normal.precision).T, torch.randn(2, 4, generator=generator), upper=True
            )
            prior.sample(normal.mean + noise.T, generator)
            strengths.append(float(prior.strengths[0]))
            sizes.append(float(prior.mean @ prior.precision @ prior.mean))
            precisions.append(float(prior.precision[0, 0]))
        assert np.mean(strengths) == pytest.approx(1, abs=0.2)  # Gamma(1, 1)
        assert np.mean(sizes) == pytest.approx(2, abs=0.3)  # μᵀ Λ μ is chi-squared with two degrees
        assert np.mean(precisions) == pytest.approx(2, abs=0.4)  # Wishart(I, 2)

    def test_features_that_explain_the_rows_move_the_prior_means_to_them(self) -> None:
        generator = seeded()
        feature, other = torch.randn(200, 2, generator=generator), torch.randn(200, 2, generator=generator)
        truth = feature @ torch.tensor([[1.0, 0], [0, -1]])
        prior = FeaturePrior(every(200), 2, [feature, other], Share.whole(200))
        for _ in range(30):
            prior.sample(truth + 0.1 * torch.randn(200, 2, generator=generator), generator)
        assert float((prior.normal().mean - truth).square().mean()) < 0.01
        assert prior.strengths[1] > 5 * prior.strengths[0], "the other feature is switched off"

    def test_features_of_other_rows_are_refused(self) -> None:
        with pytest.raises(ValueError, match="features need 4 rows, not 3"):
            FeaturePrior(every(4), 2, [torch.ones(3, 2)], Share.whole(4))

    @pytest.mark.parametrize("value", [0.0, 0.1])
    def test_features_that_are_the_same_for_all_rated_rows_change_no_draw(self, value: float) -> None:
        rated, drawn = torch.tensor([True, True, True, False]), torch.randn(4, 2, generator=seeded())
        feature = torch.randn(4, 3, generator=seeded(1))
        constant = torch.full((4, 2), value)
        constant[3] = 7
        with_it, without = (
            FeaturePrior(rated, 2, of, Share.whole(len(rated))) for of in ([constant, feature], [feature])
        )
        for prior in (with_it, without):
            prior.sample(drawn, seeded(2))
        assert torch.equal(with_it.normal().mean, without.normal().mean)

    def test_rows_without_ratings_say_nothing_and_follow_their_features(self) -> None:
        generator, rated = seeded(), torch.arange(300) < 200
        feature = torch.randn(300, 2, generator=generator) + 3  # far from 0, and so is the mean row
        truth = 5 + feature @ torch.tensor([[1.0, 0], [0, -1]])
        drawn = torch.where(rated[:, None], truth + 0.1 * torch.randn(300, 2, generator=generator), 1e4)
        prior = FeaturePrior(rated, 2, [feature], Share.whole(len(rated)))
        prior.sample(drawn, generator)
        for _ in range(20):
            prior.sample(drawn, generator)
        assert float((prior.normal().mean - truth).square().mean()) < 0.01
        torch.testing.assert_close(prior.mean.float(), truth[rated].mean(0), rtol=0, atol=0.1)

    def test_the_mean_row_is_found_in_a_few_draws_whatever_the_features_have_in_common(self) -> None:
        feature = torch.rand(300, 40, generator=seeded()) + 2  # mostly one direction, that of the mean
        drawn = 3 + 0.1 * torch.randn(300, 2, generator=seeded(1))
        prior, generator = FeaturePrior(every(300), 2, [feature], Share.whole(300)), seeded(2)
        for _ in range(3):
            prior.sample(drawn, generator)
        torch.testing.assert_close(prior.mean.float(), torch.full((2,), 3.0), rtol=0, atol=0.05)


class TestTimeWindows:
    def test_effects_have_the_conditional_mean_and_what_is_unseen_has_the_prior(self) -> None:
        users, times = torch.arange(5000).repeat_interleave(2), torch.tensor([100, 109]).repeat(5000)
        window, generator = WindowEffects(10, 3, users, times), seeded()
        residuals, weights = torch.tensor([1.0, 0.4]).repeat(5000), torch.full((10_000,), 2.0)
        window.sample(residuals, weights, generator)  # with the precision 20 that it starts with
        assert float(window.values.mean()) == pytest.approx(2 * 1.4 / (20 + 4), abs=5 / (24 * 5000) ** 0.5)
        assert float(window.values.var()) == pytest.approx(1 / 24, rel=0.1)
        window.average(1.0)
        asked = window.moments(torch.tensor([7, 7, 9999]), torch.tensor([105, 110, 105]))
        assert float(asked.mean[0]) == pytest.approx(float(window.values[7]))
        assert asked.mean[1:].tolist() == [0, 0]
        assert asked.variance[1] == window.prior_variance[0]

    @pytest.mark.parametrize("time", [-1, 881_250_949_000])
    def test_times_that_are_no_seconds_since_1970_are_refused(self, time: int) -> None:
        with pytest.raises(SettingsError, match=f"need times in seconds since 1970.* to {max(time, 5)}"):
            TimeWindows().effects(torch.zeros(2, dtype=torch.int64), torch.tensor([5, time]))

    def test_no_width_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least 1"):
            TimeWindows(widths=[])


class TestLikelihoods:
    def test_an_ordered_probit_finds_the_thresholds_that_made_the_ratings(self) -> None:
        generator, truth = seeded(), torch.tensor([1.5, 2.0, 3.4, 4.5])
        location = 3 + torch.randn(20_000, generator=generator)
        ratings = 1.0 + torch.bucketize(location + 0.7 * torch.randn(20_000, generator=generator), truth)
        likelihood, found = OrderedProbit(), []
        likelihood.start(ratings.numpy())
        for _ in range(300):
            y = likelihood.complete(ratings, location, torch.full((20_000,), 1 / 0.49), generator)
            found.append(likelihood.thresholds.clone())
        torch.testing.assert_close(torch.stack(found[100:]).mean(0), truth.double(), rtol=0, atol=0.04)
        assert torch.equal(1.0 + torch.bucketize(y.double(), likelihood.thresholds), ratings.double())

    def test_expected_ratings_are_the_sum_over_probabilities(self) -> None:
        likelihood = OrderedProbit()
        likelihood.start(np.array([1, 2, 2, 3, 4, 5], np.float32))
        location, deviation = torch.tensor([0.0, 3.1, 9.0]), torch.tensor([0.5, 1.0, 2.0])
        shares = level_probabilities(location.double(), deviation.double(), likelihood.thresholds)
        torch.testing.assert_close(shares.sum(1), torch.ones(3, dtype=torch.float64))
        expected = likelihood.expected(location, deviation, likelihood.thresholds)
        torch.testing.assert_close(expected.double(), shares @ likelihood.levels, rtol=0, atol=1e-6)

    def test_ratings_without_steps_are_refused(self) -> None:
        with pytest.raises(ValueError, match="3 to 20 levels, and these have 30"):
            OrderedProbit().start(np.arange(30, dtype=np.float32))

    def test_intervals_cover_what_they_say_of_ratings_from_the_distribution_itself(self) -> None:
        generator = seeded()
        location, deviation = 1 + 4 * torch.rand(40_000, generator=generator), torch.full((40_000,), 0.8)
        posterior = Posterior(Share.whole(1), 1, torch.arange(1.0, 6).double())
        posterior.thresholds = torch.tensor([1.5, 2.5, 3.5, 4.5], dtype=torch.float64)
        y = location + deviation * torch.randn(40_000, generator=generator)
        ratings = 1.0 + torch.bucketize(y, posterior.thresholds)
        half, most = (float(c.mean()) for c in interval_coverage(location, deviation, ratings, posterior))
        assert half == pytest.approx(0.5, abs=0.01)
        assert most == pytest.approx(0.9, abs=0.01)


class TestSampler:
    def test_noise_precisions_are_found(self) -> None:
        generator, n = seeded(), 400
        users = torch.arange(50).repeat_interleave(n)
        truth = torch.where(torch.arange(50) < 25, 0.5, 1.5)
        sampler = sampler_of(users, torch.arange(n).repeat(50), torch.zeros(50 * n), 50, n, rank=1)
        for sampler.sweeps in range(5):
            residuals = truth[users] * torch.randn(50 * n, generator=generator)
            sampler._sample_noise(residuals.double().square().view(50, n).sum(1), generator)
        torch.testing.assert_close(sampler.precisions.rsqrt(), truth, rtol=0.2, atol=0)

    def test_drawing_residuals_and_noise_in_turn_gives_the_prior_of_the_noise(self) -> None:
        # Geweke, as above: ᾱ⁻¹ ~ Gamma(1, 1), and ln ν is as likely anywhere between ln 1.1 and ln 100.
        generator, users = seeded(), torch.arange(3)
        sampler = sampler_of(users, torch.zeros(3, dtype=torch.int64), torch.zeros(3), 3, 1, rank=1)
        shapes, variances = [], []
        for sampler.sweeps in range(6000):
            residuals = sampler.precisions.rsqrt() * torch.randn(3, generator=generator)
            sampler._sample_noise(residuals.double().square(), generator)
            shapes.append(float(sampler.noise_shape.log()))
            variances.append(float(1 / sampler.mean_precision))
        assert np.mean(shapes) == pytest.approx(np.log(110) / 2, abs=0.15)
        assert np.std(shapes) == pytest.approx(np.log(100 / 1.1) / 12**0.5, rel=0.1)
        assert np.mean(variances) == pytest.approx(1, abs=0.15)

    def test_the_noise_variance_that_is_averaged_is_the_mean_of_what_is_drawn(self) -> None:
        n = 20_000  # users with four ratings each, and as many without any
        users = torch.arange(n).repeat(4)
        sampler = sampler_of(users, torch.arange(4).repeat_interleave(n), torch.zeros(4 * n), 2 * n, 4, rank=1)
        sampler.noise_shape, sampler.mean_precision = torch.tensor([5.0, 2.0], dtype=torch.float64)
        sampler._sample_noise(torch.tensor([2.5, 0.0], dtype=torch.float64).repeat_interleave(n), seeded())
        drawn = (1 / sampler.precisions).view(2, n).mean(1)
        torch.testing.assert_close(sampler.noise.view(2, n)[:, 0], drawn, rtol=0.02, atol=0)
        assert float(sampler.noise[-1]) == pytest.approx(5 / ((5 - 1) * 2.0))

    def test_averages_are_those_of_the_draws(self) -> None:
        users, items, ratings = SmallRatings().training_set()
        sampler = sampler_of(users, items, ratings, N_USERS, N_ITEMS, rank=2)
        sampler.start(torch.randn(N_USERS, 3), torch.randn(N_ITEMS, 3))
        draws = []
        for _ in range(20):
            sampler.sweep()
            sampler.average()
            p, q = sampler.users, sampler.items
            draws.append(sampler.mean + p[:, :1] + q[:, 0] + p[:, 1:] @ q[:, 1:].T)
        left, right = sampler.posterior.factors()
        torch.testing.assert_close(left @ right.T, torch.stack(draws).mean(0), rtol=0, atol=1e-4)
        variance = variance_of(sampler.posterior) - sampler.posterior.noise[:, None]
        torch.testing.assert_close(variance, torch.stack(draws).var(0), rtol=1e-3, atol=1e-5)

    def test_rows_without_ratings_leave_the_variance_of_their_prior_open(self) -> None:
        users, items, ratings = SmallRatings().training_set()
        few = (users < N_USERS - 4) & (items < N_ITEMS - 3)
        sampler = sampler_of(users[few], items[few], ratings[few], N_USERS, N_ITEMS, rank=2)
        sampler.start(torch.randn(N_USERS, 3, generator=seeded()), torch.randn(N_ITEMS, 3, generator=seeded()))
        expected = torch.zeros(N_USERS, N_ITEMS)
        for _ in range(5):
            sampler.sweep()
            sampler.average()
            p, q = sampler.users.clone(), sampler.items.clone()
            p[-4:], q[-3:] = sampler.user_prior.normal().mean[-4:], sampler.item_prior.normal().mean[-3:]
            p[:, 0], q[:, 0] = 1, 1
            of_user, of_item = (
                torch.linalg.inv(prior.precision).float() for prior in (sampler.user_prior, sampler.item_prior)
            )
            expected[-4:] += torch.einsum("ia,ab,ib->i", q, of_user, q) / 5
            expected[:, -3:] += torch.einsum("ua,ab,ub->u", p, of_item, p)[:, None] / 5
            expected[-4:, -3:] += (of_user[1:, 1:] * of_item[1:, 1:]).sum() / 5
        found = sampler.posterior.user_open @ sampler.posterior.item_open.T
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def sampler_of(users: Tensor, items: Tensor, ratings: Tensor, n_users: int, n_items: int, rank: int) -> GibbsSampler:
    """A sampler of normal ratings (n,)."""
    orders = both_orders(users.numpy(), items.numpy(), ratings.numpy(), n_users, n_items)
    return GibbsSampler(TrainingRatings(orders), GaussianRatings(), rank, seed=0)


def variance_of(posterior: Posterior) -> Tensor:
    """The variance of y with its noise of all pairs, (N_USERS, N_ITEMS), as an artefact says it."""
    said = FactoredPosterior({**posterior.arrays(), "ordinal": np.array([0], np.int32)})
    return torch.from_numpy(said.variance(np.arange(N_USERS)[:, None], np.arange(N_ITEMS)))
