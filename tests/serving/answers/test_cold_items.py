"""Items that are not in the model are rated by their features, and what was used of these is said."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest

from recsys.artifact import Array, Artifact, ArtifactError
from serving.client import Client, InvalidRequestError
from tests.serving import error_shapes, films
from tests.serving.answers.described_films import COLUMNS, STARMAN, described

ADDRESS = "/v1/cold-items"


def asked(server: httpx.Client, *features: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = server.post(ADDRESS, json={"items": [{"features": each} for each in features], **more})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_new_item_is_rated_as_an_unrated_one_with_its_features(described_server: httpx.Client) -> None:
    users = films.USER_IDS[:5].tolist()  # who have rated something
    pairs = [{"user_id": user, "item_id": 14} for user in users]
    expected = described_server.post("/v1/predictions", json={"pairs": pairs, "uncertainty": True}).json()
    (item,) = asked(described_server, STARMAN, user_ids=users, uncertainty=True)["items"]
    for known, new in zip(expected["predictions"], item["predictions"], strict=True):
        assert (new["user_id"], new["source"], known["source"]) == (known["user_id"], "features", "features")
        assert new["rating"] == pytest.approx(known["rating"], abs=1e-5)
        for what in ("standard_deviation", "probabilities"):
            assert new["uncertainty"][what] == pytest.approx(known["uncertainty"][what], abs=1e-5)
    assert "uncertainty" not in asked(described_server, STARMAN)["items"][0]["predictions"][0]


def test_what_was_used_is_said_and_what_was_missing_and_what_was_unknown(described_server: httpx.Client) -> None:
    answer = asked(
        described_server,
        {"genres": ["Sci-Fi", "Bollywood"], "year": 2001},
        {"genres": ["Bollywood"], "year": None},
        {"year": 1984.0},
        {"genres": []},
        {},
        user_ids=[1, 99],
        uncertainty=True,
    )
    said = [(item["used"], item["missing"], item["unknown"]) for item in answer["items"]]
    assert said == [
        (["genres", "year"], [], {"genres": ["Bollywood"]}),
        (["genres"], ["year"], {"genres": ["Bollywood"]}),
        (["year"], ["genres"], {}),
        ([], ["year"], {}),
        ([], ["genres", "year"], {}),
    ]
    assert answer["unknown_user_ids"] == [99]
    sources = [[each["source"] for each in item["predictions"]] for item in answer["items"]]
    assert sources == [["features"] * 2] * 3 + [["user_mean", "global_mean"]] * 2
    means = described_server.post("/v1/predictions", json={"pairs": [{"user_id": 1, "item_id": 99}]}).json()
    nothing = answer["items"][-1]["predictions"][0]
    assert (nothing["rating"], nothing["uncertainty"]) == (means["predictions"][0]["rating"], None)


def test_without_users_and_for_unknown_ones_the_average_user_answers(described_server: httpx.Client) -> None:
    (average,) = asked(described_server, STARMAN, uncertainty=True)["items"][0]["predictions"]
    known, unknown = asked(described_server, STARMAN, user_ids=[1, 99], uncertainty=True)["items"][0]["predictions"]
    assert (average.pop("user_id"), unknown.pop("user_id")) == (None, 99)
    assert average == unknown
    of = {name: array.astype(np.float64) for name, array in described().items()}
    c, q, row = of["item_draws"][4, :, 0], of["item_draws"][4, :, 1:3], of["newcomer_means"]
    assert average["rating"] == pytest.approx((c + row[:, 0] + (q * row[:, 1:]).sum(1)).mean(), abs=1e-5)
    assert known["rating"] != average["rating"]


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"items": [{"features": STARMAN}, {"features": {"pages": 3}}]}, 422,
         "items.1.features.pages: this model uses no such column of items, but genres, year"),
        ({"items": [{"features": {"genres": "Sci-Fi"}}]}, 422, 
         "items.0.features.genres: a list of text is needed, not 'Sci-Fi'"),
        ({"items": [{"features": {"year": "1984"}}]}, 422, "items.0.features.year: a number is needed, not '1984'"),
        ({"items": [{"features": {"genres": [[]]}}]}, 422, "a list of text is needed"),
        ({"items": []}, 422, "body.items"),
        ({"items": [{"genres": []}]}, 422, "body.items.0"),
        ({"items": [{"features": {}}], "user_ids": []}, 422, "body.user_ids"),
        ({"items": [{"features": {}}], "user_ids": ["1"]}, 422, "the user ids of this model are whole numbers"),
        ({"items": [{"features": {}}], "user_ids": [99], "strict": True}, 404, "no user 99"),
        ({"items": [{"features": {}}] * 6, "user_ids": [1, 2]}, 413,
         "6 items for 2 users in one request; this server allows 10"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused_with_one_clear_problem(
    described_server: httpx.Client, body: dict[str, Any], status: int, words: str
) -> None:
    response = described_server.post(ADDRESS, json=body)
    error_shapes.check(response)
    assert response.status_code == status
    assert words in response.json()["detail"]


def test_half_a_surrogate_pair_is_refused(described_server: httpx.Client) -> None:
    for features in (r'{"genres": ["\ud800"]}', r'{"\ud800": 1}'):
        response = described_server.post(
            ADDRESS, content=f'{{"items": [{{"features": {features}}}]}}', headers={"content-type": "application/json"}
        )
        error_shapes.check(response)
        assert response.status_code == 422


def test_a_model_that_knows_no_features_says_so(films_server: httpx.Client, described_server: httpx.Client) -> None:
    response = films_server.post(ADDRESS, json={"items": [{"features": STARMAN}]})
    error_shapes.check(response)
    assert (response.status_code, "this model knows no item features" in response.text) == (422, True)
    assert films_server.get("/v1/model").json()["item_columns"] == {}
    assert described_server.get("/v1/model").json()["item_columns"] == {"genres": "lists", "year": "numbers"}


def test_the_client_asks_for_them(described_server: httpx.Client, films_server: httpx.Client) -> None:
    with Client(str(described_server.base_url)) as client:
        answer = client.cold_items([STARMAN, {}], [1, 2], uncertainty=True)
        expected = asked(described_server, STARMAN, {}, user_ids=[1, 2], uncertainty=True)
        assert answer.model_dump(mode="json", exclude_unset=True) == expected
        assert client.cold_items([STARMAN]).items[0].predictions[0].user_id is None
    with Client(str(films_server.base_url)) as client, pytest.raises(InvalidRequestError, match="no item features"):
        client.cold_items([STARMAN])


@pytest.mark.parametrize("ordinal", [0, 1])
def test_from_python_many_are_rated_as_each_alone(ordinal: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Artifact(films.manifest("BayesianEmbedding"), described(ordinal), films.ITEMS)
    features: list[dict[str, Any]] = [STARMAN, {"genres": ("Sci-Fi", "Drama")}, {}, {"year": 2000}]
    whole = model.predict_cold_items(features, films.USER_IDS)
    monkeypatch.setattr("recsys.artifact.answers.cold_items._NUMBERS", 1)
    alone = model.predict_cold_items(features, films.USER_IDS)
    for what in ("ratings", "sources", "deviations", "probabilities"):
        np.testing.assert_allclose(getattr(alone, what), getattr(whole, what), rtol=1e-6)
    assert model.predict_cold_items([], [1]).ratings.shape == (0, 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cold_item_factors": np.zeros((4, 3), np.float32)}, "affine"),
        ({"cold_item_columns": np.frombuffer(b"[]", np.uint8)}, "no columns of new items"),
        ({"cold_item_columns": np.zeros(3, np.float32)}, "expected uint8"),
        ({"cold_item_sitting": np.zeros(3, np.float32)}, "sitting"),
    ],
)
def test_an_artefact_that_says_impossible_things_of_new_items_is_refused(change: dict[str, Array], words: str) -> None:
    assert len(COLUMNS) == 2
    with pytest.raises(ArtifactError, match=words):
        Artifact(films.manifest("BayesianEmbedding"), described() | change, films.ITEMS)
