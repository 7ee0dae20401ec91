"""Who rated what, whatever the rating."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from data.movielens import Ratings
from data.sorted_ratings import BothOrders, both_orders
from recsys.features import Known, WhoRatedWhat
from recsys.features.who_rated_what import BeyondTheAverage
from recsys.posterior.observations import in_order_of_users
from recsys.posterior.priors import FeaturePrior
from recsys.share import Share

PAIRS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), min_size=1, max_size=30, unique=True)
LARGE = (20_000, 10_000, 1_000_000)  # users, items and ratings


def orders_of(users: Tensor, items: Tensor, shape: tuple[int, int]) -> BothOrders:
    """The pairs (n,), in both orders."""
    return both_orders(users.numpy(), items.numpy(), np.zeros(len(users), np.float32), *shape)


def pairs_of(known: Known) -> tuple[Tensor, Tensor]:
    """Users and items (n,)."""
    users, items, _ = in_order_of_users(known.orders)
    return users, items


def exact(rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return s (f − f̄) as the docstring of `WhoRatedWhat` has it, in float64."""
    rated = torch.zeros(shape, dtype=torch.float64)
    rated[rows, columns] = 1
    counts = rated.sum(1, keepdim=True)
    shares, units = counts / (counts + 10), rated / counts.clamp(min=1).sqrt()
    mean: Tensor = (shares * units).sum(0) / shares.sum()
    return shares * (units - mean)


def test_who_rated_what_is_what_a_row_has_beyond_the_average_and_counts_more_with_more_ratings(
    movielens_100k: Ratings,
) -> None:
    users, items = torch.tensor([0, 0, 2]), torch.tensor([1, 3, 1])
    features = WhoRatedWhat().of_users(Known(orders_of(users, items, (3, 4)), movielens_100k))
    assert features is not None
    assert not features[1].any(), "no ratings, nothing beyond the average"
    shares = {0: 2 / 12, 2: 1 / 11}
    mean = [
        (shares[0] * 2**-0.5 + shares[2]) / (shares[0] + shares[2]),
        shares[0] * 2**-0.5 / (shares[0] + shares[2]),
    ]
    first = torch.tensor([shares[0] * (2**-0.5 - m) for m in mean])
    third = torch.tensor([shares[2] * (1 - mean[0]), -shares[2] * mean[1]])
    squares = torch.stack([first @ first, first @ third, third @ third])
    of_features = features @ features.T  # which turning them all leaves as it is
    torch.testing.assert_close(of_features[[0, 0, 2], [0, 2, 2]], squares, rtol=1e-5, atol=0)


@settings(max_examples=30)
@given(PAIRS)
def test_products_are_those_of_the_whole_matrix_and_rows_without_ratings_are_zero(pairs: list[tuple[int, int]]) -> None:
    rows, columns = torch.tensor(pairs).T
    whole, products = (
        exact(rows, columns, (6, 9)),
        BeyondTheAverage(*orders_of(rows, columns, (6, 9)), Share.whole(6), Share.whole(9)),
    )
    generator = torch.Generator().manual_seed(0)
    right, left = (torch.randn(n, 4, generator=generator, dtype=torch.float64) for n in (9, 6))
    torch.testing.assert_close(products.times(right), whole @ right, rtol=0, atol=1e-14)
    torch.testing.assert_close(products.transposed_times(left), whole.T @ left, rtol=0, atol=1e-14)
    features = products.in_directions(3)
    assert not features[torch.bincount(rows, minlength=6) == 0].any()
    torch.testing.assert_close(features.sum(0), torch.zeros(3), rtol=0, atol=1e-6)


class TestDirections:
    """The features of about half of MovieLens 100K."""

    @pytest.fixture
    def known(self, movielens_100k: Ratings) -> Known:
        users, items = map(torch.from_numpy, movielens_100k.pairs(np.arange(0, 100_000, 2)))
        kept = (users % 50 > 0) & (items % 50 > 0)
        return Known(orders_of(users[kept], items[kept], (943, 1682)), movielens_100k)

    @pytest.mark.parametrize("side", ["users", "items"])
    def test_a_hundred_features_say_nearly_as_much_as_a_hundred_can(self, known: Known, side: str) -> None:
        feature = WhoRatedWhat()
        feature.directions = 100
        if side == "users":
            few, whole = feature.of_users(known), exact(*pairs_of(known), (943, 1682))
        else:
            few, whole = feature.of_items(known), exact(*pairs_of(known)[::-1], (1682, 943))
        assert few is not None
        assert few.shape == (len(whole), 100)
        assert torch.equal(few.any(1), whole.any(1)), "zero without ratings"
        values = torch.linalg.svdvals(whole)
        assert 0.97 < float(few.square().sum() / values[:100].square().sum()) < 1 + 1e-6
        torch.testing.assert_close(torch.linalg.svdvals(few)[:5].double(), values[:5], rtol=1e-4, atol=0)

    def test_a_prior_is_the_same_with_as_many_directions_as_there_are(self, known: Known) -> None:
        pairs = torch.stack(pairs_of(known), 1) % torch.tensor([40, 30])
        users, items = torch.unique(pairs[(pairs[:, 0] > 2) & (pairs.sum(1) < 50)], dim=0).T
        rated = torch.bincount(users, minlength=40) > 0
        whole = Share.whole(40)
        all_directions = BeyondTheAverage(*orders_of(users, items, (40, 30)), whole, Share.whole(30)).in_directions(99)
        all_features = exact(users, items, (40, 30)), all_directions
        priors = [FeaturePrior(rated, 3, [features], whole) for features in all_features]
        assert not rated.all()
        torch.testing.assert_close(priors[0].squares[0], priors[1].squares[0], rtol=1e-5, atol=1e-6)
        projections = [prior.bases[0] @ prior.bases[0].T for prior in priors]
        torch.testing.assert_close(projections[0], projections[1], rtol=0, atol=1e-5)


@pytest.mark.slow
def test_memory_grows_with_ratings_users_and_items_and_not_with_their_product() -> None:
    call = """
import torch
from benchmarks.peak_memory import peak_memory
from data.sorted_ratings import both_orders
from recsys.features import Known, WhoRatedWhat
from recsys.share import Share
torch.set_num_threads(1)
n_users, n_items, n = {}
generator = torch.Generator().manual_seed(0)
pairs = torch.randint(n_users * n_items, (n,), generator=generator).unique()
users, items = pairs // n_items, pairs % n_items
known = Known(both_orders(users.numpy(), items.numpy(), users.numpy().astype("f"), n_users, n_items), None)
before = peak_memory()
features = WhoRatedWhat().of_users(known)
print(peak_memory() - before, *features.shape)
"""
    said = subprocess.check_output([sys.executable, "-c", call.format(LARGE)], stderr=subprocess.DEVNULL, text=True)
    peak, n, f = map(int, said.split())
    assert (n, f) == (20_000, 50)
    assert peak < 200 << 20, "the whole takes 763 MiB in single precision"


def test_a_user_who_comes_later_is_described_as_one_with_the_same_ratings(movielens_100k: Ratings) -> None:
    generator = torch.Generator().manual_seed(5)
    users, items = (torch.rand(30, 20, generator=generator) < 0.3).nonzero().T
    known = Known(orders_of(users, items, (30, 20)), movielens_100k)
    features, of_new = WhoRatedWhat().of_users(known), WhoRatedWhat().of_new_users(known)
    assert features is not None
    for user in range(30):
        rated = items[users == user]
        n = len(rated)
        described = n / (n + of_new.few) * (of_new.vectors[rated].sum(0) / max(n, 1) ** 0.5 - of_new.centre)
        torch.testing.assert_close(described, features[user], rtol=0, atol=1e-5)
