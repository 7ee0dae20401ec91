"""The filter against its closed form in numpy, and the ridge that is learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torchmetrics.functional.retrieval import retrieval_normalized_dcg

from data.sorted_ratings import BothOrders, both_orders
from recsys.artifact.answers.relevance import ARRAYS, Relevance, shares
from recsys.linalg.leading import random_columns
from recsys.linalg.pattern import Weighted
from recsys.relevance import learned, learning
from recsys.relevance.ndcg import ndcg
from recsys.relevance.spectral_filter import Spectrum, filtered, spectrum
from recsys.share import Share

SCALE = (1.0, 5.0)


def tastes(n_users: int = 300, n_items: int = 60, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Ratings of users who choose among the items of one of three kinds, and some others."""
    rng = np.random.default_rng(seed)
    likely = np.where(np.arange(n_users)[:, None] % 3 == np.arange(n_items) % 3, 0.4, 0.03)
    users, items = np.nonzero(rng.random((n_users, n_items)) < likely)
    ratings = rng.integers(1, 6, users.size).astype(np.float32)
    return torch.from_numpy(users), torch.from_numpy(items), torch.from_numpy(ratings)


def ordered(users: Tensor, items: Tensor, ratings: Tensor, shape: tuple[int, int]) -> BothOrders:
    return both_orders(users.numpy(), items.numpy(), ratings.numpy(), *shape)


def spectrum_of(orders: BothOrders, count: int) -> Spectrum:
    def weight(ratings: np.ndarray) -> np.ndarray:
        return ratings / 5

    return spectrum(
        Weighted(orders.by_user, 60, weight),
        Weighted(orders.by_item, 300, weight),
        random_columns(60, count),
        Share.whole(300),
    )


def dense(users: Tensor, items: Tensor, ratings: Tensor, shape: tuple[int, int]) -> np.ndarray:
    matrix = np.zeros(shape)
    matrix[users.numpy(), items.numpy()] = ratings.numpy() / 5
    return matrix


def test_with_all_directions_it_is_the_closed_form_of_items_on_items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.relevance.spectral_filter._EXPONENT", 1.0)
    users, items, ratings = tastes()
    matrix, ridge = dense(users, items, ratings, (300, 60)), 3.0
    inverse = np.linalg.inv(matrix.T @ matrix + ridge * np.eye(60))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    found = spectrum_of(ordered(users, items, ratings, (300, 60)), 60)
    directions, gains, scales = (each.numpy() for each in filtered(found, ridge))
    scores = (matrix @ directions * gains) @ directions.T * scales
    unseen = matrix == 0
    np.testing.assert_allclose(scores[unseen], (matrix @ weights)[unseen], atol=1e-10)


def test_leading_directions_are_those_of_the_singular_value_decomposition() -> None:
    users, items, ratings = tastes()
    found = spectrum_of(ordered(users, items, ratings, (300, 60)), 3)
    _, singular, right = np.linalg.svd(dense(users, items, ratings, (300, 60)), full_matrices=False)
    np.testing.assert_allclose(found.squares.sqrt().numpy(), singular[:3], rtol=1e-3)
    cosines = np.linalg.svd(right[:3] @ found.directions.numpy(), compute_uv=False)
    assert cosines.min() > 0.99


def test_ndcg_is_that_of_torchmetrics() -> None:
    generator = torch.Generator().manual_seed(0)
    scores, relevant = torch.rand(40, 30, generator=generator), torch.rand(40, 30, generator=generator) < 0.15
    relevant[0] = False
    expected = [retrieval_normalized_dcg(row, those, top_k=10) for row, those in zip(scores, relevant, strict=True)]
    torch.testing.assert_close(ndcg(scores, relevant, 10).float(), torch.stack(expected))
    assert ndcg(scores[:, :4], relevant[:, :4], 10).max() == 1  # fewer items than places


def test_a_new_user_is_offered_what_those_who_chose_alike_chose() -> None:
    relevance = Relevance(learned(ordered(*tastes(), (300, 60)), SCALE), SCALE)
    chosen = np.array([0, 3])
    best = np.argsort(-relevance.choices(chosen, np.array([4.0, 5.0], np.float32)))
    best = best[~np.isin(best, chosen)][:10]
    assert (best % 3 == 0).mean() > 0.8


def test_without_ratings_everybody_is_offered_what_most_choose() -> None:
    users, items, ratings = tastes()
    favourite = items != 7  # no longer chosen by everybody
    extra = torch.arange(300)
    users, items = torch.cat([users[favourite], extra]), torch.cat([items[favourite], torch.full((300,), 7)])
    ratings = torch.cat([ratings[favourite], torch.full((300,), 5.0)])
    relevance = Relevance(learned(ordered(users, items, ratings, (300, 60)), SCALE), SCALE)
    assert relevance.choices(np.array([], np.int64), np.array([], np.float32)).argmax() == 7


def test_of_equal_choices_the_one_with_the_higher_predicted_rating_is_more_relevant() -> None:
    relevance = Relevance(learned(ordered(*tastes(), (300, 60)), SCALE), SCALE)
    choices = np.array([0.5, 0.5], np.float32)
    first, second = relevance.relevance(choices, np.array([3.0, 5.0], np.float32))
    assert second / first == pytest.approx(np.exp(0.4 * 2 / 4))


def test_what_each_rating_adds_and_the_average_user_sum_to_the_whole() -> None:
    relevance = Relevance(learned(ordered(*tastes(), (300, 60)), SCALE), SCALE)
    items, ratings = np.array([4, 5, 9]), np.array([1.0, 3.0, 5.0], np.float32)
    asked = np.array([0, 11, 59])
    added = relevance.reasons(items, ratings, asked)
    assert added.shape == (3, 3)
    average = relevance.choices(items[:0], ratings[:0]) * (20 / 23) ** 2
    whole = added.sum(1) + average[asked]
    np.testing.assert_allclose(whole, relevance.choices(items, ratings)[asked], rtol=1e-4, atol=1e-5)
    assert relevance.reasons(items, ratings, np.array([5]))[0, 1] == 0  # for itself


def test_shares_of_any_scale_go_from_a_fifth_to_one() -> None:
    np.testing.assert_allclose(shares(np.array([-10, 0, 10], np.float32), (-10.0, 10.0)), [0.2, 0.6, 1.0], rtol=1e-6)
    np.testing.assert_allclose(shares(np.arange(1, 6, dtype=np.float32), SCALE), np.arange(1, 6) / 5, rtol=1e-6)


def test_another_ridge_is_taken_only_where_it_is_clearly_better() -> None:
    generator = torch.Generator().manual_seed(0)
    usual = torch.rand(500, generator=generator, dtype=torch.float64)
    noise = 0.1 * torch.randn(500, generator=generator, dtype=torch.float64)
    noise -= noise.mean()
    assert learning._clearly_best(torch.stack([usual, usual + noise + 0.005]), 0) == 0
    assert learning._clearly_best(torch.stack([usual, usual + noise + 0.05]), 0) == 1
    assert learning._clearly_best(torch.stack([usual, usual]), 0) == 0


@pytest.mark.parametrize("shape", [(2, 3), (300, 60)])
def test_the_arrays_are_what_an_artefact_holds(shape: tuple[int, int]) -> None:
    users, items, ratings = tastes(*shape, seed=1) if shape[0] > 2 else (
        torch.tensor([0, 1]), torch.tensor([0, 2]), torch.tensor([5.0, 1.0])
    )  # fmt: skip
    arrays = learned(ordered(users, items, ratings, shape), SCALE)
    assert arrays.keys() == ARRAYS.keys()
    directions = min(shape)
    sizes = {"items": shape[1], "directions": directions}
    for name, dimensions in ARRAYS.items():
        assert arrays[name].shape == tuple(sizes[each] for each in dimensions)
        assert arrays[name].dtype == np.float32
        assert np.isfinite(arrays[name]).all()


def test_what_is_held_out_is_a_tenth_and_the_same_in_both_orders() -> None:
    users, items = np.divmod(np.arange(200_000), 1000)
    held_out = learning._held_out(users, items)
    assert held_out.mean() == pytest.approx(0.1, abs=0.005)
    shuffled = np.random.default_rng(0).permutation(users.size)
    np.testing.assert_array_equal(learning._held_out(users[shuffled], items[shuffled]), held_out[shuffled])
