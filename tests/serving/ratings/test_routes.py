"""The routes of stored ratings: put, read, page by page, deleted, refused."""

from __future__ import annotations

import time

import httpx
import pytest

from serving.schemas.stored import DeletedResponse, StoredRatingResponse, StoredRatingsResponse
from tests.serving import error_shapes

FIRST, LATER = 881250949, 881250950


def put(
    client: httpx.Client, user: object, item: object, rating: float, timestamp: int | None = None
) -> httpx.Response:
    return client.put(f"/v1/users/{user}/ratings/{item}", json={"rating": rating, "timestamp": timestamp})


def test_a_rating_that_is_put_can_be_read(rating_server: httpx.Client) -> None:
    answer = put(rating_server, 1, 12, 4, FIRST)
    assert answer.status_code == 201
    said = StoredRatingResponse.model_validate_json(answer.content)
    assert (said.user_id, said.item_id, said.rating, said.timestamp) == (1, 12, 4.0, FIRST)
    assert (said.known_user, said.known_item) == (True, True)
    assert rating_server.get("/v1/users/1/ratings/12").json() == answer.json()
    assert rating_server.get("/v1/user/rating?user_id=1&item_id=12").json() == answer.json()
    assert rating_server.get("/v1/users/1/ratings/13").status_code == 404


def test_the_same_rating_again_changes_nothing(rating_server: httpx.Client) -> None:
    first = put(rating_server, 2, 12, 4, FIRST)
    second = put(rating_server, 2, 12, 4, FIRST)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert rating_server.get("/v1/users/2/ratings").json()["total"] == 1


def test_a_newer_rating_takes_the_place_of_an_older_one_and_an_older_one_is_refused(
    rating_server: httpx.Client,
) -> None:
    put(rating_server, 3, 11, 2, FIRST)
    assert put(rating_server, 3, 11, 5, LATER).json()["rating"] == 5
    refused = put(rating_server, 3, 11, 1, FIRST)
    error_shapes.check(refused)
    assert refused.status_code == 409
    assert "5 with the timestamp 881250950" in refused.json()["detail"]
    assert put(rating_server, 3, 11, 3, LATER).json()["rating"] == 3  # of two of one time, the last to arrive
    assert rating_server.get("/v1/users/3/ratings/11").json()["rating"] == 3


def test_a_rating_without_a_time_is_given_now_and_always_stays(rating_server: httpx.Client) -> None:
    before = int(time.time())
    assert before <= put(rating_server, 4, 12, 2).json()["timestamp"] <= time.time()
    ahead = int(time.time()) + 10**6
    put(rating_server, 4, 12, 3, ahead)
    assert put(rating_server, 4, 12, 5).json()["timestamp"] == ahead
    assert rating_server.get("/v1/users/4/ratings/12").json()["rating"] == 5


def test_ratings_of_a_user_come_in_pages_the_newest_first(rating_server: httpx.Client) -> None:
    for place, item in enumerate((10, 11, 12, 13, 14)):
        put(rating_server, 77, item, 1 + place, FIRST + place)
    pages = [
        StoredRatingsResponse.model_validate_json(
            rating_server.get(f"/v1/users/77/ratings?n=2&offset={offset}").content
        )
        for offset in (0, 2, 4, 6)
    ]
    assert {page.total for page in pages} == {5}
    assert [stored.item_id for page in pages for stored in page.ratings] == [14, 13, 12, 11, 10]
    assert rating_server.get("/v1/user/ratings?user_id=77&n=2").json() == pages[0].model_dump()
    assert rating_server.get("/v1/users/78/ratings").json()["total"] == 0


def test_a_rating_that_is_deleted_is_gone_and_can_be_deleted_again(rating_server: httpx.Client) -> None:
    put(rating_server, 5, 10, 2)
    for deleted in (1, 0):
        answer = rating_server.delete("/v1/users/5/ratings/10")
        assert DeletedResponse.model_validate_json(answer.content).deleted == deleted
    assert rating_server.get("/v1/users/5/ratings/10").status_code == 404
    assert rating_server.delete("/v1/user/rating?user_id=5&item_id=10").json()["deleted"] == 0


def test_all_of_a_user_can_be_deleted_and_nothing_of_another(rating_server: httpx.Client) -> None:
    for user in (81, 82):
        for item in (10, 11, 12):
            put(rating_server, user, item, 3)
    assert rating_server.delete("/v1/users/81").json()["deleted"] == 3
    assert rating_server.get("/v1/users/81/ratings").json()["ratings"] == []
    assert rating_server.get("/v1/users/82/ratings").json()["total"] == 3
    assert rating_server.delete("/v1/user?user_id=82").json()["deleted"] == 3


def test_users_and_items_that_the_model_does_not_know_are_stored_and_said_to_be_unknown(
    rating_server: httpx.Client,
) -> None:
    said = put(rating_server, 999, 888, 5).json()
    assert (said["known_user"], said["known_item"]) == (False, False)
    assert rating_server.get("/v1/users/999/ratings").json()["ratings"][0]["known_item"] is False


@pytest.mark.parametrize(
    ("address", "body", "said"),
    [
        ("/v1/users/1/ratings/10", {"rating": 6}, "body.rating: 6 is not in 1 … 5"),
        ("/v1/users/1/ratings/10", {"rating": 3.5}, "body.rating: 3.5 is none of 1, 2, … 5"),
        ("/v1/users/1/ratings/10", {"rating": "3"}, "body.rating"),
        ("/v1/users/1/ratings/10", {"rating": 3, "timestamp": 1e12}, "body.timestamp"),
        ("/v1/users/1/ratings/10", {"rating": 3, "timestamp": 881250949000}, "body.timestamp"),
        ("/v1/users/1/ratings/10", {"rating": 3, "stars": 3}, "body.stars"),
        ("/v1/users/1/ratings/10", {}, "body.rating: Field required"),
        ("/v1/users/one/ratings/10", {"rating": 3}, "user ids of this model are whole numbers"),
        ("/v1/users/1/ratings/ten", {"rating": 3}, "item ids of this model are whole numbers"),
        ("/v1/user/rating?user_id=1", {"rating": 3}, "item_id"),
    ],
)
def test_what_training_could_not_use_is_refused(
    rating_server: httpx.Client, address: str, body: dict[str, object], said: str
) -> None:
    refused = rating_server.put(address, json=body)
    error_shapes.check(refused)
    assert refused.status_code == 422
    assert said in refused.json()["detail"]


def test_what_became_of_ratings_is_counted(rating_server: httpx.Client) -> None:
    def counted(outcome: str) -> float:
        lines = rating_server.get("/metrics").text.splitlines()
        name = f'recsys_ratings_total{{outcome="{outcome}"}} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = {outcome: counted(outcome) for outcome in ("created", "replaced", "refused", "deleted")}
    put(rating_server, 91, 10, 3, LATER)
    put(rating_server, 91, 10, 4, LATER)
    put(rating_server, 91, 10, 5, FIRST)
    rating_server.delete("/v1/users/91")
    for outcome, count in before.items():
        assert counted(outcome) == count + 1


def test_a_server_that_keeps_no_ratings_has_none_of_these_routes(server: httpx.Client) -> None:
    assert put(server, 3, 10, 4).status_code == 404
    assert server.delete("/v1/users/3").status_code == 405
    assert "/v1/users/{user_id}/ratings" not in server.get("/openapi.json").json()["paths"]
