"""What an artefact with a posterior by factors says of pairs, and that it is never asked for all at once."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.artifact import Array
from recsys.artifact.latent import factored
from recsys.artifact.latent.factored import FactoredPosterior
from recsys.artifact.times import UNKNOWN, window_key
from recsys.artifact.uncertainty import expected

N_USERS, N_ITEMS = 7, 5
PAIRS = np.repeat(np.arange(N_USERS), N_ITEMS), np.tile(np.arange(N_ITEMS), N_USERS)
ALL = np.arange(N_USERS)[:, None], np.arange(N_ITEMS)


def arrays(ordinal: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(0)
    numbers = {
        "user_factors": rng.normal(1, 0.3, (N_USERS, 3)),
        "item_factors": rng.normal(1, 0.3, (N_ITEMS, 3)),
        "user_draws": rng.normal(1, 0.3, (N_USERS, 6, 3)),
        "item_draws": rng.normal(1, 0.3, (N_ITEMS, 6, 3)),
        "user_open": rng.uniform(0, 0.1, (N_USERS, 2)),
        "item_open": rng.uniform(0, 0.1, (N_ITEMS, 2)),
        "noise": rng.uniform(0.5, 1, N_USERS),
        "thresholds": np.array([1.5, 2.5, 3.5, 4.5]),
        "levels": np.arange(1, 6),
    }
    return {
        **{name: array.astype(np.float32) for name, array in numbers.items()},
        "ordinal": np.array([ordinal], np.int32),
    }


def test_the_mean_is_the_product_of_the_factors_and_the_variance_adds_three_parts() -> None:
    of = arrays()
    location, deviation = FactoredPosterior(of).latent(*ALL)
    drawn = np.einsum("usk,isk->sui", of["user_draws"].astype(float), of["item_draws"].astype(float))
    variance = drawn.var(0, ddof=1) + of["user_open"] @ of["item_open"].T + of["noise"][:, None]
    np.testing.assert_allclose(location, of["user_factors"] @ of["item_factors"].T, rtol=1e-6)
    np.testing.assert_allclose(deviation, np.sqrt(variance), rtol=1e-5)
    np.testing.assert_array_equal(FactoredPosterior(of).ratings(*ALL), location)


@pytest.mark.parametrize("ordinal", [0, 1])
def test_a_pair_is_rated_alike_by_itself_among_others_and_in_blocks(
    ordinal: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    posterior = FactoredPosterior(arrays(ordinal))
    whole = posterior.ratings(*ALL)
    assert whole.shape == (N_USERS, N_ITEMS)
    np.testing.assert_array_equal(posterior.ratings(*PAIRS), whole.ravel())
    monkeypatch.setattr(factored, "_NUMBERS", 50)
    np.testing.assert_array_equal(posterior.ratings(*PAIRS), whole.ravel())
    np.testing.assert_array_equal([[posterior.ratings(u, i) for i in range(N_ITEMS)] for u in range(N_USERS)], whole)


def test_an_ordinal_rating_is_the_sum_over_its_levels() -> None:
    of = arrays(ordinal=1)
    posterior = FactoredPosterior(of)
    np.testing.assert_array_equal(posterior.ratings(*ALL), expected(of, *posterior.latent(*ALL)))
    np.testing.assert_array_equal(posterior.ratings_apart_from_time(*ALL), posterior.ratings(*ALL))
    assert posterior.numbers_per_rating == 6 * 3


def test_one_draw_varies_in_nothing() -> None:
    of = arrays()
    of |= {name: of[name][:, :1] for name in ("user_draws", "item_draws")}
    variance = of["user_open"] @ of["item_open"].T + of["noise"][:, None]
    np.testing.assert_allclose(FactoredPosterior(of).variance(*ALL), variance, rtol=1e-6)


@pytest.mark.parametrize("ordinal", [0, 1])
def test_at_times_that_are_not_known_a_mixture_is_added_and_at_others_their_windows(ordinal: int) -> None:
    rng = np.random.default_rng(1)
    of = arrays(ordinal) | {
        "sitting_weights": rng.uniform(-0.1, 1, (N_USERS, 2)).astype(np.float32),
        "sitting_means": rng.uniform(-0.3, 0.3, (N_USERS, 2)).astype(np.float32),
        "sitting_squares": rng.uniform(0.1, 0.2, (N_USERS, 2)).astype(np.float32),
        "sitting_items": rng.uniform(0, 1, (N_ITEMS, 2)).astype(np.float32),
        "window_widths": np.array([60]),
        "window_keys": window_key(0, N_USERS, np.array([2]), np.array([10])),
        "window_means": np.array([0.5], np.float32),
        "window_variances": np.array([0.01], np.float32),
        "new_window_variances": np.array([0.2], np.float32),
    }
    posterior = FactoredPosterior(of)
    weights, means, squares = (
        of[f"sitting_{what}"] @ of["sitting_items"].T for what in ("weights", "means", "squares")
    )
    total = 1 + weights.clip(0)
    mean, variance = means / total, (squares + 0.2) / total - (means / total) ** 2
    without, apart = posterior.latent(*ALL), (posterior.location(*ALL), posterior.variance(*ALL))
    np.testing.assert_allclose(without.location, apart[0] + mean, rtol=1e-5)
    np.testing.assert_allclose(without.deviation**2, apart[1] + variance, rtol=1e-5)
    given_at = np.array([[UNKNOWN], [605], [605], [665], *[[UNKNOWN]] * 3])  # user 2 has a window then, 1 and 3 none
    at_times = posterior.latent(*ALL, given_at)
    np.testing.assert_array_equal(at_times.location[0], without.location[0])
    np.testing.assert_allclose(at_times.location[1:4], apart[0][1:4] + np.array([[0], [0.5], [0]]), rtol=1e-6)
    added = np.array([[0.2], [0.01], [0.2]])
    np.testing.assert_allclose(at_times.deviation[1:4] ** 2, apart[1][1:4] + added, rtol=1e-5)
    np.testing.assert_array_equal(posterior.ratings(*ALL, given_at), expected(of, *at_times))
    np.testing.assert_array_equal(posterior.ratings_apart_from_time(*ALL), expected(of, apart[0], np.sqrt(apart[1])))


def test_rows_that_follow_one_another_are_rated_like_others() -> None:
    posterior = FactoredPosterior(arrays())
    whole, reordered = np.arange(N_ITEMS), np.array([4, 1, 2, 3, 0])
    np.testing.assert_array_equal(posterior.ratings(3, whole)[reordered], posterior.ratings(3, reordered))
    np.testing.assert_array_equal(posterior.ratings(3, whole)[1:4], posterior.ratings(3, whole[1:4]))
    repeated = np.array([1, 1, 3, 4])  # as far from first to last as rows that follow one another
    np.testing.assert_array_equal(posterior.ratings(3, whole)[repeated], posterior.ratings(3, repeated))
