"""What ratings say by sums is what they say one by one."""

from __future__ import annotations

import torch
from torch import Tensor

from recsys.posterior.likelihoods import GaussianRatings
from recsys.posterior.observations import ExactRatings, LatentRatings, squares_left
from tests.recsys.posterior.draws import seeded
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings

MEAN = 3.2


def sides(requires_grad: bool = False) -> tuple[Tensor, Tensor]:
    """Rows (b, p) of users and (c, q) of items."""
    generator = seeded(1)
    users, items = (torch.randn(n, 4, generator=generator) / 2 for n in (N_USERS, N_ITEMS))
    return users.requires_grad_(requires_grad), items.requires_grad_(requires_grad)


def predicted(users: Tensor, items: Tensor) -> Tensor:
    """b_u + c_i + p_u · q_i of the training ratings, (n,)."""
    u, i, _ = SmallRatings().training_set()
    return users[u, 0] + items[i, 0] + (users[u, 1:] * items[i, 1:]).sum(1)


def test_the_squared_error_and_its_gradient_are_those_of_the_predictions() -> None:
    found, expected = sides(requires_grad=True), sides(requires_grad=True)
    error = ExactRatings(SmallRatings().sorted_training_set(), MEAN).squared_error(*found)
    one_by_one = (SmallRatings().training_set()[2] - predicted(*expected)).square().sum()
    torch.testing.assert_close(error, one_by_one, rtol=1e-5, atol=0)
    (3 * error).backward()  # type: ignore[no-untyped-call]
    (3 * one_by_one).backward()  # type: ignore[no-untyped-call]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-3)


def test_squares_left_are_those_of_the_residuals_of_each_user() -> None:
    users, items = sides()
    u, _, ratings = SmallRatings().training_set()
    residuals = (ratings - MEAN - predicted(users, items)).double()
    expected = torch.zeros(N_USERS, dtype=torch.float64).index_add_(0, u, residuals.square())
    observed = ExactRatings(SmallRatings().sorted_training_set(), MEAN)
    torch.testing.assert_close(squares_left(observed.of_users(items), users), expected, rtol=1e-5, atol=1e-4)


def test_ratings_that_are_kept_one_by_one_say_the_same_as_those_that_are_not() -> None:
    users, items = sides()
    orders, precisions = SmallRatings().sorted_training_set(), torch.rand(N_USERS, generator=seeded(2)) + 0.5
    exact = ExactRatings(orders, MEAN)
    likelihood = GaussianRatings()
    latent = LatentRatings(orders, MEAN, likelihood, [])
    torch.testing.assert_close(latent.of_users(items), exact.of_users(items))
    torch.testing.assert_close(latent.of_items(users, precisions), exact.of_items(users, precisions))
    squares = (each.complete(users, items, precisions, seeded()) for each in (latent, exact))
    torch.testing.assert_close(*squares, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(latent.sums_of_items(), exact.sums_of_items())
    _, i, ratings = SmallRatings().training_set()
    by_item = torch.zeros(N_ITEMS, dtype=torch.float64).index_add_(0, i, ratings.double())
    torch.testing.assert_close(exact.sums_of_items(), by_item, rtol=1e-5, atol=0)
