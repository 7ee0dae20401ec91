"""Stored ratings count at once: fold-in from all ratings of a user, seen items left out, the model if it knows all."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.serving import films

TRAINED = {user: {item: value for u, item, value in films.RATINGS if u == user} for user in range(1, 7)}
UNRATED = 14  # the film without training ratings
OF_ONE = {**TRAINED[1], 12: 1.0, 13: 4.0}


@pytest.fixture
def client(rating_server: httpx.Client) -> Iterator[httpx.Client]:
    """A server where users 1 … 6 and 500 … 502 have no stored ratings, neither before nor after."""
    users = [*range(1, 7), 500, 501, 502]
    for user in users:
        rating_server.delete(f"/v1/users/{user}")
    yield rating_server
    for user in users:
        rating_server.delete(f"/v1/users/{user}")


def put(client: httpx.Client, user: int, ratings: dict[int, float]) -> None:
    for item, rating in ratings.items():
        client.put(f"/v1/users/{user}/ratings/{item}", json={"rating": rating}).raise_for_status()


def folded_in(client: httpx.Client, ratings: dict[int, float], n: int = 10) -> tuple[dict[int, float], list[int]]:
    """What /v1/fold-in predicts for the films from ratings, and recommends."""
    given = [{"item_id": item, "rating": rating} for item, rating in ratings.items()]
    items = films.ITEM_IDS.tolist()
    answer = client.post("/v1/fold-in", json={"ratings": given, "item_ids": items, "n": n}).json()
    return (
        {said["item_id"]: said["rating"] for said in answer["predictions"]},
        [said["item_id"] for said in answer["recommendations"]],
    )


def test_a_rating_changes_what_is_predicted_and_recommended_at_once(client: httpx.Client) -> None:
    assert client.get("/v1/ratings?user_id=1&item_id=12").json()["source"] == "model"
    put(client, 1, {12: 1.0, 13: 4.0})
    ratings, recommended = folded_in(client, OF_ONE)
    for item, rating in ratings.items():
        answer = client.get(f"/v1/ratings?user_id=1&item_id={item}").json()
        source = "user_mean" if item == UNRATED else "fold_in"
        assert (answer["rating"], answer["source"]) == (pytest.approx(rating), source)
    answer = client.get("/v1/users/1/recommendations").json()
    assert [film["item_id"] for film in answer["recommendations"]] == recommended == [14]
    assert (answer["source"], answer["total"]) == ("fold_in", 1)
    assert client.get("/v1/recommendations?user_id=1").json() == answer
    with_seen = client.get("/v1/users/1/recommendations?exclude_seen=false").json()
    of_rated = {film["item_id"]: film["rating"] for film in with_seen["recommendations"] if film["item_id"] != UNRATED}
    assert of_rated == {item: pytest.approx(rating) for item, rating in ratings.items() if item != UNRATED}


def test_a_rating_that_is_deleted_counts_no_more(client: httpx.Client) -> None:
    before = client.get("/v1/users/2/recommendations").json()
    put(client, 2, {12: 1.0})
    assert client.get("/v1/users/2/recommendations").json() != before
    client.delete("/v1/users/2")
    assert client.get("/v1/users/2/recommendations").json() == before


def test_a_rating_that_the_model_was_trained_on_changes_nothing(client: httpx.Client) -> None:
    before = client.get("/v1/users/1/recommendations").json()
    put(client, 1, TRAINED[1])
    assert client.get("/v1/users/1/recommendations").json() == before
    assert before["source"] == "model"
    put(client, 1, {10: 5.0})  # it was 2
    changed = folded_in(client, {**TRAINED[1], 10: 5.0})[0]
    assert client.get("/v1/ratings?user_id=1&item_id=14").json()["rating"] == pytest.approx(changed[14])


def test_a_user_whom_the_model_does_not_know_is_known_by_ratings(client: httpx.Client) -> None:
    strict = "/v1/ratings?user_id=500&item_id=12&strict=true"
    assert client.get(strict).status_code == 404
    put(client, 500, {11: 5.0, 99: 1.0})  # a film that the model does not know says nothing
    answer = client.get(strict).json()
    assert (answer["rating"], answer["source"]) == (pytest.approx(folded_in(client, {11: 5.0})[0][12]), "fold_in")
    assert client.get("/v1/ratings?user_id=500&item_id=99").json()["source"] == "user_mean"
    assert client.get("/v1/ratings?user_id=500&item_id=99&strict=true").status_code == 404


def test_ratings_of_unknown_films_alone_leave_the_list_that_is_not_personal(client: httpx.Client) -> None:
    put(client, 501, {99: 1.0})
    assert client.get("/v1/users/501/recommendations").json()["source"] == "item_mean"


def test_of_many_pairs_each_is_answered_by_who_knows_its_user_best(client: httpx.Client) -> None:
    put(client, 1, {12: 1.0, 13: 4.0})
    put(client, 502, {11: 5.0})
    pairs = [(2, 12), (1, 13), (502, 10), (777, 11), (1, 10), (2, 10)]
    body = {"pairs": [{"user_id": user, "item_id": item} for user, item in pairs], "uncertainty": True}
    answer = client.post("/v1/predictions", json=body).json()["predictions"]
    assert [(said["user_id"], said["item_id"]) for said in answer] == pairs
    sources = ["model", "fold_in", "fold_in", "item_mean", "fold_in", "model"]
    assert [said["source"] for said in answer] == sources
    assert {said["uncertainty"] for said in answer} == {None}
    for said in answer:
        alone = client.get(f"/v1/ratings?user_id={said['user_id']}&item_id={said['item_id']}").json()
        assert said["rating"] == alone["rating"]


def test_an_explanation_is_of_what_is_predicted(client: httpx.Client) -> None:
    put(client, 1, {12: 5.0, 13: 1.0})
    predicted = client.get("/v1/ratings?user_id=1&item_id=11").json()
    answer = client.get("/v1/users/1/items/11/explanation").json()
    assert (answer["rating"], answer["source"]) == (pytest.approx(predicted["rating"]), "fold_in")
    assert sum(answer["parts"].values()) == pytest.approx(answer["unclipped"])
    assert 11 not in {own["item_id"] for own in answer["speaks_for"]}
    assert 12 in {own["item_id"] for own in answer["speaks_for"]}
    assert all(own["weight"] > 0 for own in answer["speaks_for"])
    unknown = client.get("/v1/users/1/items/99/explanation").json()
    assert (unknown["source"], unknown["speaks_for"]) == ("user_mean", [])


def test_a_genre_and_a_page_can_be_asked_for(client: httpx.Client) -> None:
    put(client, 500, {11: 5.0})
    films_of_genre = client.get("/v1/users/500/recommendations?genre=romance&n=1&offset=1&uncertainty=true").json()
    assert films_of_genre["total"] == 2
    assert len(films_of_genre["recommendations"]) == 1
    assert films_of_genre["recommendations"][0]["uncertainty"] is None
    assert client.get("/v1/users/500/recommendations?genre=nonsense").status_code == 422


def test_a_user_with_many_stored_ratings_is_answered_from_all_of_them(client: httpx.Client) -> None:
    many = dict.fromkeys(range(1000, 1300), 1.0)  # which the model does not know
    put(client, 501, {**many, 11: 5.0})
    assert client.get("/v1/users/501/ratings").json()["total"] == 301
    for _ in range(2):  # computed, then remembered
        answer = client.get("/v1/ratings?user_id=501&item_id=12").json()
        assert (answer["rating"], answer["source"]) == (pytest.approx(folded_in(client, {11: 5.0})[0][12]), "fold_in")
