"""What the prior of the rows says of one that is not among them."""

from __future__ import annotations

import torch

from recsys.posterior.priors import FeaturePrior
from recsys.posterior.summary import Posterior
from recsys.share import Share
from tests.recsys.posterior.draws import every, seeded

N, D = 60, 3


def drawn(*features: torch.Tensor) -> FeaturePrior:
    """A prior after some draws."""
    prior, generator = FeaturePrior(every(N), D, features, Share.whole(N)), seeded(4)
    rows = torch.randn(N, D, generator=generator)
    for matrix in features:
        rows = rows + matrix[:, :1]
    for _ in range(5):
        prior.sample(rows, generator)
    return prior


def test_features_that_are_known_of_a_new_row_give_it_the_prior_mean_of_a_row_that_has_them() -> None:
    constant, known, other = torch.ones(N, 2), 1 + torch.randn(N, 4, generator=seeded(1)), torch.randn(N, 2)
    prior = drawn(constant, known, other)  # what is the same in all rows is left out, and moves no place
    new = prior.new_row(1)
    assert new.weights is not None
    expected = prior.mean + prior.parts[0].double()
    torch.testing.assert_close(new.mean + known.double() @ new.weights, expected, rtol=0, atol=1e-4)


def test_the_prior_mean_is_affine_in_the_features_that_are_known_and_the_others_count_as_zero() -> None:
    known, other = 1 + torch.randn(N, 4, generator=seeded(1)), torch.randn(N, 2)
    other[5] = 0
    prior = drawn(torch.ones(N, 2), known, other)
    rows = prior.affine_rows([1])
    assert rows.shape == (1 + 4, D)
    expected = prior.normal().mean[5].double()
    torch.testing.assert_close(rows[0] + known[5].double() @ rows[1:], expected, rtol=0, atol=1e-5)


def test_features_that_are_not_known_of_it_vary_as_those_of_the_others() -> None:
    prior = drawn(torch.randn(N, 4, generator=seeded(1)))
    new = prior.new_row(None)
    parts = prior.parts[0].double()
    assert new.weights is None
    torch.testing.assert_close(new.mean, prior.mean)
    expected = torch.linalg.inv(prior.precision) + parts.T.cov(correction=0)
    torch.testing.assert_close(new.covariance, expected, rtol=0, atol=1e-5)


def test_a_posterior_that_was_begun_before_new_rows_were_kept_says_nothing_of_them() -> None:
    posterior, new = Posterior(Share.whole(4), 3, torch.arange(1.0, 6)), drawn().new_row(None)
    one = torch.ones((), dtype=torch.float64)

    def average() -> None:
        posterior.average(torch.ones(4, 5), torch.ones(3, 5), torch.ones(4), torch.arange(1.5, 5))

    average()
    state = posterior.state()
    del state["newcomers"], state["cold_open"]
    posterior = Posterior.of_state(state, Share.whole(4))
    posterior.average(torch.ones(4, 5), torch.ones(3 + 2, 5), torch.ones(4), torch.arange(1.5, 5))
    posterior.leave_open(1 / 2, torch.zeros(4, 2), torch.zeros(3, 2), torch.zeros(2, 2))
    posterior.keep_newcomer(new, one, one)
    assert not [name for name in posterior.arrays() if name.startswith(("newcomer", "cold"))]
