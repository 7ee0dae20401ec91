"""Item vectors, fold-in and ranking, against what follows from the equations."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.artifact import Array, Artifact, ArtifactError, ItemTable
from serving.answers.explanation import explain, explain_new_user
from serving.answers.fold_in.ridge import Ridge
from serving.answers.item_vectors import item_vectors
from serving.answers.ranking import Wanted
from serving.answers.recommender import Recommender
from tests.serving import films

KINDS = ("LinearNetwork", "UserItemEmbedding", "BayesianEmbedding")


def artifact(kind: str) -> Artifact:
    return Artifact(films.manifest(kind), films.arrays(kind), films.ITEMS)


def rated_by_all(n_users: int, n_items: int) -> dict[str, Array]:
    """A rating of 3 for every pair."""
    return {
        "rating_users": np.repeat(np.arange(n_users, dtype=np.int32), n_items),
        "rating_items": np.tile(np.arange(n_items, dtype=np.int32), n_users),
        "rating_values": np.full(n_users * n_items, 3.0, np.float32),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_products_of_item_vectors_are_mean_products_of_the_interactions(kind: str) -> None:
    vectors = item_vectors(artifact(kind)).astype(np.float64)
    assert vectors @ vectors.T == pytest.approx(np.outer(films.ITEM_TASTE, films.ITEM_TASTE), abs=1e-5)


@pytest.mark.parametrize("shape", [(40, 60), (60, 40), (100, 150), (150, 100)])
def test_the_vectors_hold_the_leading_directions_of_a_matrix_of_either_shape(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    n_users, n_items = shape
    matrix = (rng.normal(size=shape) * 0.9 ** np.arange(n_items)).astype(np.float32)  # with a tail, as models have
    arrays = films.arrays("LinearNetwork") | {
        "matrix": matrix, "user_ids": np.arange(n_users), "item_ids": np.arange(n_items),
        "user_means": np.zeros(n_users, np.float32), "item_means": np.full(n_items, -films.MEAN, np.float32),
        **rated_by_all(n_users, n_items),
    }  # fmt: skip
    table = ItemTable(("",) * n_items, (None,) * n_items, ((),) * n_items)
    vectors = item_vectors(Artifact(films.manifest("LinearNetwork"), arrays, table))
    _, values, right = np.linalg.svd(matrix)
    expected = right[:32].T * values[:32] / np.sqrt(n_users)
    assert vectors @ vectors.T == pytest.approx(expected @ expected.T, abs=1e-4)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_with_absurd_numbers_is_refused(kind: str) -> None:
    arrays = films.arrays(kind)
    for name in arrays.keys() & {"matrix", "user_factors", "item_factors"}:
        arrays[name] = arrays[name] * np.float32(1e25)
    with pytest.raises(ArtifactError, match="interactions"):
        Recommender(Artifact(films.manifest(kind), arrays, films.ITEMS))


@pytest.mark.parametrize("kind", KINDS)
def test_one_pair_is_predicted_as_it_is_among_many(kind: str) -> None:
    recommender = Recommender(artifact(kind))
    pairs = [(user, item) for user in (-1, *films.USER_IDS.tolist(), 7) for item in (0, *films.ITEM_IDS.tolist(), 15)]
    users, items = map(list, zip(*pairs, strict=True))
    many = recommender.predict(users, items)
    assert [recommender.predict([user], [item])[0] for user, item in pairs] == many
    assert {prediction.source for prediction in many} == {"model", "user_mean", "item_mean", "global_mean"}


@pytest.mark.parametrize("kind", KINDS)
def test_an_item_that_is_not_there_has_the_effect_of_a_new_item_in_every_answer(kind: str) -> None:
    arrays = films.arrays(kind) | {"new_item_mean": np.array([-0.5], np.float32)}
    recommender = Recommender(Artifact(films.manifest(kind), arrays, films.ITEMS))
    (one,) = recommender.predict([1], [99])
    assert one.rating == pytest.approx(3.5)
    assert one.source == "user_mean"
    assert recommender.predict([1, 99], [99, 99])[0] == one
    explanation = explain(recommender, 1, 99, n=5)
    assert (explanation.unclipped, explanation.parts.item) == pytest.approx((3.5, -0.5))
    new = explain_new_user(recommender, {11: 5.0}, 99, n=5)
    assert recommender.fold_in({11: 5.0}, [99], Wanted(n=1)).ratings[0][1] == pytest.approx(new.rating)
    assert new.parts.item == pytest.approx(-0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_both_kinds_of_model_give_the_same_answers(kind: str) -> None:
    recommender = Recommender(artifact(kind))
    ranking = recommender.recommend(1, Wanted(n=5), exclude_seen=False)
    assert [ranked.item.item_id for ranked in ranking.page] == [11, 12, 14, 10, 13]
    explanation = explain(recommender, 1, 12, n=5)
    assert [explanation.unclipped, explanation.parts.interaction] == pytest.approx([5.1, 1.0])
    assert [evidence.item.item_id for evidence in explanation.speaks_for] == [10, 11]
    answer = recommender.fold_in({11: 5.0}, [12], Wanted(n=1))
    assert answer.ratings[0][1] == pytest.approx(4.63, abs=0.3)
    assert answer.ranking.page[0].item.item_id == 12


@pytest.mark.parametrize("kind", KINDS)
def test_folding_in_minimises_the_stated_sum(kind: str) -> None:
    model = artifact(kind)
    arrays = model.arrays
    vectors = item_vectors(model).astype(np.float64)
    tau = np.sqrt(np.mean(films.USER_MEANS**2))
    known = films.MATRIX[arrays["rating_users"], arrays["rating_items"]]
    ridge = np.mean((known - arrays["rating_values"]) ** 2)
    features = np.column_stack([np.full(5, tau), vectors])
    rated, ratings = np.array([1, 3]), np.array([5.0, 2.0], np.float32)
    stacked = np.vstack([features[rated], np.sqrt(ridge) * np.eye(features.shape[1])])
    target = np.concatenate([ratings - films.MEAN - films.ITEM_MEANS[rated], np.zeros(features.shape[1])])
    weights = np.linalg.lstsq(stacked, target)[0]

    scores, own_mean = Ridge(model, item_vectors(model)).scores(rated, ratings)
    assert scores == pytest.approx(films.MEAN + films.ITEM_MEANS + features @ weights, abs=1e-5)
    assert own_mean == pytest.approx(tau * weights[0], abs=1e-6)


def test_the_gain_of_an_item_is_what_its_rating_takes_off_the_mean_variance_of_the_regression() -> None:
    model = artifact("LinearNetwork")
    ridge = Ridge(model, item_vectors(model))
    features, noise = ridge._features, ridge._ridge
    weights = np.bincount(model.arrays["rating_items"], minlength=5) / model.arrays["rating_items"].size

    def mean_variance(rated: list[int]) -> float:
        precision = np.eye(features.shape[1]) + features[rated].T @ features[rated] / noise
        return float(np.average(np.diagonal(features @ np.linalg.inv(precision) @ features.T), weights=weights))

    gains = ridge.gains(np.array([1, 3]), np.array([5.0, 2.0], np.float32))
    expected = [mean_variance([1, 3]) - mean_variance([1, 3, item]) for item in range(4)]
    assert gains == pytest.approx([*expected, 0])  # nobody has rated the last


def test_many_ratings_of_a_known_user_fold_in_to_nearly_that_users_ratings() -> None:
    model = artifact("LinearNetwork")
    scores, _ = Ridge(model, item_vectors(model)).scores(np.arange(5), films.MATRIX[0].astype(np.float32))
    means = films.MEAN + films.ITEM_MEANS
    assert np.abs(scores - films.MATRIX[0]).max() < 0.3 * np.abs(means - films.MATRIX[0]).max()
