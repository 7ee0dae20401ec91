"""Fold-in by the model's own conditional, against the same posterior computed in another way."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recsys.artifact import Array, Artifact, ArtifactError
from recsys.artifact.uncertainty import uncertainty
from serving.answers.fold_in.choice import fold_in
from serving.answers.fold_in.conditional import Conditional
from serving.answers.fold_in.ridge import Ridge
from serving.answers.recommender import Recommender
from tests.serving import films

S, D = 4, 3  # draws, and the length of a row (p, b)
RATED, RATINGS = np.array([1, 3, 0]), np.array([5.0, 2.0, 3.0], np.float32)
UNRATED = 4  # the film that nobody has rated in training


def arrays(ordinal: int = 0, by_items: bool = True) -> dict[str, Array]:
    """The films with random draws, and what these say of new users."""
    rng = np.random.default_rng(3)
    vectors = rng.normal(0, 0.7, (5, S, D - 1))
    roots = rng.normal(0, 0.4, (S, D, D))
    new = {
        "item_draws": np.concatenate([rng.normal(3.5, 0.3, (5, S, 1)), vectors, np.ones((5, S, 1))], 2),
        "user_draws": rng.normal(0, 1, (6, S, D + 1)),
        "newcomer_means": rng.normal(0, 0.3, (S, D)),
        "newcomer_covariances": roots @ roots.swapaxes(1, 2) + 0.2 * np.eye(D),
        "newcomer_precisions": rng.uniform(1, 2, S),
        "newcomer_shapes": rng.uniform(4, 6, S),
    }
    if by_items:
        new |= {
            "newcomer_weights": rng.normal(0, 0.5, (S, 2, D)),
            "newcomer_directions": rng.normal(0, 0.5, (5, 2)),
            "newcomer_centre": rng.normal(0, 0.5, 2),
            "newcomer_few": np.array([10.0]),
        }
    typed = {name: array.astype(np.float32) for name, array in new.items()}
    return films.arrays("BayesianEmbedding") | typed | {"ordinal": np.array([ordinal], np.int32)}


def artefact(ordinal: int = 0, by_items: bool = True) -> Artifact:
    return Artifact(films.manifest("BayesianEmbedding"), arrays(ordinal, by_items), films.ITEMS)


def moments(of: dict[str, Array], given: Array, ratings: Array) -> tuple[Array, Array]:
    """Mean and covariance, (s, 5) and (s, 5, 5), of y of all films: a normal vector, some entries of which are seen."""
    of = {name: array.astype(np.float64) for name, array in of.items()}
    means, covariances = np.empty((S, 5)), np.empty((S, 5, 5))
    for s in range(S):
        z = np.column_stack([np.ones(5), of["item_draws"][:, s, 1:D]])  # the artefact has rows (b, p)
        row = of["newcomer_means"][s].copy()
        if "newcomer_weights" in of and len(given):
            n = len(given)
            x = of["newcomer_directions"][given].sum(0) / np.sqrt(n) - of["newcomer_centre"]
            row += n / (n + 10) * x @ of["newcomer_weights"][s]
        mean, covariance = of["item_draws"][:, s, 0] + z @ row, z @ of["newcomer_covariances"][s] @ z.T
        seen = covariance[np.ix_(given, given)] + np.eye(len(given)) / of["newcomer_precisions"][s]
        gain = covariance[:, given] @ np.linalg.inv(seen)
        means[s] = mean + gain @ (ratings - mean[given])
        covariances[s] = covariance - gain @ covariance[given]
    return means, covariances


@pytest.mark.parametrize("by_items", [True, False])
def test_the_scores_are_the_conditional_mean_and_what_those_who_rate_an_item_differ_by(by_items: bool) -> None:
    model = artefact(by_items=by_items)
    nothing = np.zeros(0, np.intp)
    before, after = moments(model.arrays, nothing, nothing)[0].mean(0), moments(model.arrays, RATED, RATINGS)[0].mean(0)
    item_means = films.MEAN + films.ITEM_MEANS
    expected = after + 2 / (2 + len(RATED)) * (item_means - before)
    scores, own_mean = Conditional(model).scores(RATED, RATINGS)
    np.testing.assert_allclose(scores[:UNRATED], expected[:UNRATED], atol=1e-5)
    counts = np.bincount(model.arrays["rating_items"], minlength=5)
    assert own_mean == pytest.approx(np.average(scores - item_means, weights=counts), abs=1e-5)
    assert scores[UNRATED] == pytest.approx(item_means[UNRATED] + own_mean, abs=1e-5)


@pytest.mark.parametrize("ordinal", [0, 1])
@pytest.mark.parametrize("items", [[], [UNRATED]])
def test_without_a_rating_that_says_something_the_scores_are_the_items_means(ordinal: int, items: list[int]) -> None:
    rated, ratings = np.array(items, np.intp), np.full(len(items), 1, np.float32)
    model = Conditional(artefact(ordinal))
    scores, own_mean = model.scores(rated, ratings)
    np.testing.assert_allclose(scores, films.MEAN + films.ITEM_MEANS, rtol=1e-6)
    assert own_mean == 0
    assert not np.any(model.contributions(rated, ratings, 2))


@pytest.mark.parametrize("ordinal", [0, 1])
@pytest.mark.parametrize("asked", [0, 2, UNRATED, None])
def test_what_the_ratings_add_adds_up_to_the_prediction(ordinal: int, asked: int | None) -> None:
    model = Conditional(artefact(ordinal))
    items, ratings = np.append(RATED, UNRATED), np.append(RATINGS, np.float32(1))
    scores, own_mean = model.scores(items, ratings)
    added = model.contributions(items, ratings, asked)
    assert added.to_user.sum() == pytest.approx(own_mean, abs=1e-9)
    assert (added.to_user[-1], added.to_interaction[-1]) == (0, 0)
    if asked is not None:
        item_mean = films.MEAN + films.ITEM_MEANS[asked]
        assert item_mean + own_mean + added.to_interaction.sum() == pytest.approx(scores[asked], abs=1e-6)


def test_the_uncertainty_is_that_of_the_row_of_the_draws_and_of_the_noise() -> None:
    model = artefact()
    means, covariances = moments(model.arrays, RATED, RATINGS)
    shapes, precisions = (model.arrays[f"newcomer_{name}"].astype(float) for name in ("shapes", "precisions"))
    errors = (RATINGS - means[:, RATED]) ** 2 + np.diagonal(covariances, axis1=1, axis2=2)[:, RATED]
    noise = ((shapes / precisions + errors.sum(1) / 2) / (shapes + len(RATED) / 2 - 1)).mean()
    variance = np.diagonal(covariances.mean(0)) + means.var(0, ddof=1) + noise
    asked = np.arange(UNRATED)
    conditional = Conditional(model)
    location = conditional.scores(RATED, RATINGS)[0][asked]
    expected = uncertainty(model.arrays, location, np.sqrt(variance)[asked])
    found = conditional.uncertainty(RATED, RATINGS, asked)
    np.testing.assert_allclose(found.deviations, expected.deviations, rtol=1e-5)
    np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-6)


def test_the_gain_of_an_item_is_what_its_rating_takes_off_the_mean_variance() -> None:
    model = artefact()
    counts = np.bincount(model.arrays["rating_items"], minlength=5)
    expected = np.zeros(5)
    for item in np.flatnonzero(counts):
        more = np.append(RATED, item), np.append(RATINGS, np.float32(3))
        of_ratings = [np.diagonal(moments(model.arrays, *given)[1], 0, 1, 2) for given in ((RATED, RATINGS), more)]
        expected[item] = np.average((of_ratings[0] - of_ratings[1]).mean(0), weights=counts)
    np.testing.assert_allclose(Conditional(model).gains(RATED, RATINGS), expected, rtol=1e-4)


def test_of_levels_the_row_is_the_most_probable_one() -> None:
    model = artefact(1, by_items=False)
    of = {name: array.astype(np.float64) for name, array in model.arrays.items()}
    shifts = Conditional(model)._given(RATED, RATINGS).shifts.sum(1)
    edges = np.concatenate([[-math.inf], of["thresholds"], [math.inf]])
    for s in range(S):
        z = np.column_stack([of["item_draws"][RATED, s, 1:D], np.ones(len(RATED))])  # (p, b), as here
        mean, covariance = (
            np.roll(of["newcomer_means"][s], -1),
            np.roll(of["newcomer_covariances"][s], (-1, -1), (0, 1)),
        )

        def log_posterior(shift: Array) -> float:
            location = of["item_draws"][RATED, s, 0] + z @ (mean + shift)  # noqa: B023
            root = math.sqrt(of["newcomer_precisions"][s])  # noqa: B023
            inside = [
                math.erf((edges[int(r)] - y) * root / math.sqrt(2))
                - math.erf((edges[int(r) - 1] - y) * root / math.sqrt(2))
                for r, y in zip(RATINGS, location, strict=True)
            ]
            prior = float(shift @ np.linalg.solve(covariance, shift))  # noqa: B023
            return float(np.log(inside).sum()) - prior / 2

        best = log_posterior(shifts[s])
        for step in 0.02 * np.vstack([np.eye(D), -np.eye(D)]):
            assert log_posterior(shifts[s] + step) < best


def test_only_a_model_whose_draws_say_what_is_known_of_new_users_is_folded_in_by_them() -> None:
    former = Artifact(films.manifest("BayesianEmbedding"), films.arrays("BayesianEmbedding"), films.ITEMS)
    assert isinstance(fold_in(former, np.zeros((5, 2), np.float32)), Ridge)
    assert isinstance(Recommender(artefact()).new_users, Conditional)
    assert Recommender(former).new_user_uncertainty({11: 5.0}, [12]) == [None]


def test_the_uncertainty_of_a_new_user_is_said_of_items_that_the_model_knows() -> None:
    first, unknown, unrated = Recommender(artefact()).new_user_uncertainty({11: 5.0, 99: 1.0}, [12, 99, 14])
    assert (unknown, unrated) == (None, None)
    assert first is not None
    assert sum(first.probabilities.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("newcomer_precisions", np.zeros(S, np.float32), "not above 0"),
        ("newcomer_shapes", np.ones(S, np.float32), "not above 1"),
        ("newcomer_few", np.array([-1], np.float32), "not above 0"),
        ("newcomer_covariances", -np.stack([np.eye(D, dtype=np.float32)] * S), "no covariances"),
        ("newcomer_means", np.zeros((S, D + 1), np.float32), "row"),
    ],
)
def test_an_artefact_that_says_impossible_things_of_new_users_is_refused(name: str, value: Array, words: str) -> None:
    with pytest.raises(ArtifactError, match=words):
        Artifact(films.manifest("BayesianEmbedding"), arrays() | {name: value}, films.ITEMS)
