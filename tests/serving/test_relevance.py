"""Recommendations ordered by relevance, over HTTP: the films with a relevance that can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from recsys import artifact
from tests.serving import films
from tests.serving.conftest import StartServer

KIND = "LinearNetwork"
_GROUPS = np.array([0.4 + 1.0 + 0.8, 1.0 + 0.8 + 0.8 + 0.6]) / 6  # what the average user chose of each
AVERAGE = np.array([2, 0.5, 0.5, 2, 0.25]) * _GROUPS[[0, 1, 1, 0, 1]]  # s of the average user
# Of user 1, who rated two films: s of Brief Encounter, The Empire Strikes Back and Starman.
OF_USER_1 = np.array([0.8, 0.5, 0.25]) + 0.15 * (20 / 22) ** 2 * AVERAGE[[3, 2, 4]]


@pytest.fixture(scope="module")
def server(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    root = tmp_path_factory.mktemp("relevant")
    arrays = films.arrays(KIND) | films.relevance()
    return start_server(artifact=artifact.save(root, films.manifest(KIND), arrays, films.ITEMS))


@pytest.fixture
def ask(server: httpx.Client) -> Callable[..., Any]:
    def send(path: str, json: object = None, **query: object) -> Any:
        method = "GET" if json is None else "POST"
        response = server.request(method, path, json=json, params={name: str(each) for name, each in query.items()})
        assert response.status_code == 200, response.text
        return response.json()

    return send


def ids(answer: Any) -> list[int]:
    return [each["item_id"] for each in answer["recommendations"]]


def test_what_is_likely_to_be_chosen_and_liked_comes_first_with_both_numbers(ask: Callable[..., Any]) -> None:
    answer = ask("/v1/users/1/recommendations")
    assert (ids(answer), answer["order"]) == ([13, 12, 14], "relevance")
    assert [each["rating"] for each in answer["recommendations"]] == pytest.approx([2.9, 5.0, 3.7])
    unclipped = np.array([2.9, 5.1, 3.7])
    expected = OF_USER_1 * np.exp(0.4 * (unclipped - 1) / 4)
    assert [each["relevance"] for each in answer["recommendations"]] == pytest.approx(expected.tolist())
    assert all("because" not in each for each in answer["recommendations"])


def test_the_order_of_predicted_ratings_is_given_on_request(ask: Callable[..., Any]) -> None:
    answer = ask("/v1/users/1/recommendations", order="rating")
    assert (ids(answer), answer["order"]) == ([12, 14, 13], "rating")
    assert ask("/v1/model")["orders"] == ["relevance", "rating"]


def test_a_reason_is_the_own_rating_that_adds_most(ask: Callable[..., Any]) -> None:
    answer = ask("/v1/users/1/recommendations", reasons=True)
    because = {each["item_id"]: each["because"] for each in answer["recommendations"]}
    assert {item: (own["item_id"], own["rating"]) for item, own in because.items()} == {
        13: (10, 2.0), 12: (11, 5.0), 14: (11, 5.0)
    }  # fmt: skip
    assert because[13]["display_title"] == "Amélie"
    seen_too = ask("/v1/users/1/recommendations", reasons=True, exclude_seen=False)
    assert all(each["because"] is None for each in seen_too["recommendations"] if each["item_id"] in (10, 11))
    unknown = ask("/v1/users/99/recommendations", reasons=True)
    assert all(each["because"] is None for each in unknown["recommendations"])


def test_items_with_few_ratings_are_left_out_on_request(ask: Callable[..., Any]) -> None:
    answer = ask("/v1/users/3/recommendations", min_ratings=2)
    assert (sorted(ids(answer)), answer["total"]) == ([10, 11], 2)
    assert ids(ask("/v1/users/3/recommendations", min_ratings=2, genre="Action")) == [11]


def test_an_unknown_user_gets_what_the_average_user_would(ask: Callable[..., Any]) -> None:
    unknown, new = ask("/v1/users/99/recommendations"), ask("/v1/fold-in", {"ratings": []})
    assert ids(unknown) == ids(new)
    means = films.MEAN + films.ITEM_MEANS
    expected = np.sort(0.15 * AVERAGE * np.exp(0.4 * (means - 1) / 4))[::-1]
    assert [each["relevance"] for each in unknown["recommendations"]] == pytest.approx(expected.tolist(), rel=1e-5)
    assert unknown["source"] == "item_mean"


def test_a_new_user_is_answered_as_a_known_one_with_the_same_ratings(ask: Callable[..., Any]) -> None:
    ratings = [{"item_id": 10, "rating": 2.0}, {"item_id": 11, "rating": 5.0}]
    new = ask("/v1/fold-in", {"ratings": ratings, "reasons": True})
    assert (ids(new), new["order"]) == ([13, 12, 14], "relevance")
    assert [each["because"]["item_id"] for each in new["recommendations"]] == [10, 11, 11]
    least = np.array([each["rating"] for each in new["recommendations"]])
    liking = [each["relevance"] for each in new["recommendations"]] / OF_USER_1
    clipped = least == least.clip(1.01, 4.99)
    np.testing.assert_allclose(liking[clipped], np.exp(0.4 * (least - 1) / 4)[clipped], rtol=1e-5)
    rated = ask("/v1/fold-in", {"ratings": ratings, "order": "rating", "min_ratings": 1})
    assert rated["order"] == "rating"
    assert 14 not in ids(rated)  # nobody rated it


def test_explanations_name_what_an_item_is_chosen_with(ask: Callable[..., Any]) -> None:
    known = ask("/v1/users/1/items/13/explanation")["chosen_with"]
    assert [(own["item_id"], own["contribution"]) for own in known] == [(10, pytest.approx(0.8))]
    ratings = [{"item_id": 10, "rating": 2.0}, {"item_id": 11, "rating": 5.0}]
    new = ask("/v1/fold-in/explanation", {"ratings": ratings, "item_id": 14})["chosen_with"]
    assert [(own["item_id"], own["contribution"]) for own in new] == [(11, pytest.approx(0.25))]
    assert ask("/v1/users/99/items/13/explanation")["chosen_with"] == []
    assert ask("/v1/users/1/items/99/explanation")["chosen_with"] == []


@pytest.mark.parametrize("wrong", [{"order": "price"}, {"min_ratings": -1}, {"reasons": "perhaps"}])
def test_what_is_no_order_no_number_or_no_truth_value_is_refused(server: httpx.Client, wrong: dict[str, Any]) -> None:
    response = server.get("/v1/users/1/recommendations", params=wrong)
    assert response.status_code == 422
    assert next(iter(wrong)) in response.json()["detail"]


def test_an_artefact_that_says_no_relevance_orders_by_rating_and_says_so(films_server: httpx.Client) -> None:
    answer = films_server.get("/v1/users/1/recommendations", params={"reasons": True}).json()
    assert (ids(answer), answer["order"]) == ([12, 14, 13], "rating")
    assert all(each["relevance"] is None and each["because"] is None for each in answer["recommendations"])
    assert films_server.get("/v1/model").json()["orders"] == ["rating"]


def test_python_and_the_server_order_alike(ask: Callable[..., Any]) -> None:
    model = artifact.Artifact(films.manifest(KIND), films.arrays(KIND) | films.relevance(), films.ITEMS)
    for order in artifact.ORDERS:
        found = model.recommend(1, n=3, order=order)
        served = ask("/v1/users/1/recommendations", order=order)
        assert found.item.tolist() == ids(served)
        assert found.relevance.tolist() == [each["relevance"] for each in served["recommendations"]]
    with pytest.raises(ValueError, match="relevance or rating, not by 'price'"):
        model.recommend(1, order="price")  # type: ignore[arg-type]  # a mistake


def test_an_artefact_with_a_part_of_what_relevance_needs_is_refused(tmp_path: Path) -> None:
    arrays = films.arrays(KIND) | films.relevance()
    del arrays["relevance_gains"]
    with pytest.raises(artifact.ArtifactError, match="relevance_gains"):
        artifact.save(tmp_path, films.manifest(KIND), arrays, films.ITEMS)
