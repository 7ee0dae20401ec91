"""A model that knows how far ratings may lie from its predictions says so where it is asked."""

from __future__ import annotations

import math
from pathlib import Path

import httpx
import numpy as np
import pytest

from recsys import artifact
from recsys.artifact import Array
from recsys.artifact.uncertainty import normal_distribution
from tests.serving import films
from tests.serving.conftest import StartServer


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> httpx.Client:
    folder = tmp_path_factory.mktemp("bayesian")
    saved = artifact.save(folder, films.manifest("BayesianEmbedding"), films.arrays("BayesianEmbedding"), films.ITEMS)
    return start_server(artifact=saved)


def test_the_probabilities_are_those_of_the_normal_distribution_between_thresholds(client: httpx.Client) -> None:
    answer = client.get("/v1/ratings", params={"user_id": 1, "item_id": 12, "uncertainty": True}).json()
    location = float(films.MATRIX[0, 2])
    below = [0.5 * (1 + math.erf((t - location) / 0.9 / 2**0.5)) for t in (1.5, 2.5, 3.5, 4.5)]
    expected = np.diff([0, *below, 1])
    said = answer["uncertainty"]
    assert list(said["probabilities"]) == ["1", "2", "3", "4", "5"]
    np.testing.assert_allclose(list(said["probabilities"].values()), expected, atol=1e-6)
    mean = expected @ np.arange(1, 6)
    assert said["standard_deviation"] == pytest.approx((expected @ (np.arange(1, 6) - mean) ** 2) ** 0.5, abs=1e-5)


def test_it_is_left_out_unless_asked_for_and_null_for_unknown_ids(client: httpx.Client) -> None:
    assert "uncertainty" not in client.get("/v1/ratings", params={"user_id": 1, "item_id": 12}).json()
    pairs = [{"user_id": 1, "item_id": 12}, {"user_id": 999, "item_id": 12}]
    known, unknown = client.post("/v1/predictions", json={"pairs": pairs, "uncertainty": True}).json()["predictions"]
    assert sum(known["uncertainty"]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert unknown["uncertainty"] is None


def test_recommendations_say_what_the_pairs_say(client: httpx.Client) -> None:
    for user_id in (1, 4, 999):
        asked = {"n": 3, "uncertainty": True}
        recommended = client.get(f"/v1/users/{user_id}/recommendations", params=asked).json()["recommendations"]
        pairs = [{"user_id": user_id, "item_id": item["item_id"]} for item in recommended]
        predicted = client.post("/v1/predictions", json={"pairs": pairs, "uncertainty": True}).json()["predictions"]
        assert [item["uncertainty"] for item in recommended] == [pair["uncertainty"] for pair in predicted]
        assert (predicted[0]["uncertainty"] is None) == (user_id == 999)
    unasked = client.get("/v1/users/1/recommendations").json()["recommendations"]
    assert all("uncertainty" not in item for item in unasked)


def test_a_model_of_ratings_alone_says_null(films_server: httpx.Client) -> None:
    asked = {"user_id": 1, "item_id": 12, "uncertainty": True}
    assert films_server.get("/v1/ratings", params=asked).json()["uncertainty"] is None
    first, *_ = films_server.get("/v1/users/1/recommendations?uncertainty=true").json()["recommendations"]
    assert first["uncertainty"] is None
    body = {"ratings": [{"item_id": 11, "rating": 5}], "item_ids": [12]}
    (new,) = films_server.post("/v1/fold-in", json=body | {"uncertainty": True}).json()["predictions"]
    assert new["uncertainty"] is None
    assert "uncertainty" not in films_server.post("/v1/fold-in", json=body).json()["predictions"][0]


def test_of_a_new_user_it_is_left_out_unless_asked_for_and_null_for_unknown_items(
    described_server: httpx.Client,
) -> None:
    body = {"ratings": [{"item_id": 11, "rating": 5}], "item_ids": [12, 99]}
    plain = described_server.post("/v1/fold-in", json=body).json()["predictions"]
    assert all("uncertainty" not in prediction for prediction in plain)
    known, unknown = described_server.post("/v1/fold-in", json=body | {"uncertainty": True}).json()["predictions"]
    assert (known["rating"], unknown["uncertainty"]) == (plain[0]["rating"], None)
    assert sum(known["uncertainty"]["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert 0 < known["uncertainty"]["standard_deviation"] < 2


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("noise", np.zeros(6, np.float32), "noise has entries that are not positive"),
        ("item_open", np.full((5, 2), -1, np.float32), "item_open has entries below 0"),
        ("user_draws", np.zeros((6, 3, 3), np.float32), "other arrays have 3"),
        ("ordinal", np.array([2], np.int32), "neither 0 nor 1"),
        ("levels", np.array([1, 2, 2, 4, 5], np.float32), "levels is not strictly ascending"),
        ("thresholds", np.array([1.5, 2.5, 3.5], np.float32), "one threshold between each two levels"),
    ],
)
def test_arrays_that_give_no_distribution_are_refused(tmp_path: Path, name: str, value: Array, said: str) -> None:
    arrays = films.arrays("BayesianEmbedding") | {name: value}
    with pytest.raises(artifact.ArtifactError, match=said):
        artifact.save(tmp_path, films.manifest("BayesianEmbedding"), arrays, films.ITEMS)


def test_the_normal_distribution_function_is_exact_to_seven_digits() -> None:
    x = np.linspace(-9, 9, 2001)
    exact = [0.5 * math.erfc(-value / 2**0.5) for value in x]
    np.testing.assert_allclose(normal_distribution(x), exact, atol=1.5e-7)
