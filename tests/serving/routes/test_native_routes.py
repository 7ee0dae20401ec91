"""Predicted ratings: answers, and every way to ask wrongly."""

from __future__ import annotations

import json

import httpx
import pytest


def test_a_pair_is_answered_with_its_rating_and_the_version(server: httpx.Client) -> None:
    response = server.post("/v1/predictions", json={"pairs": [{"user_id": 7, "item_id": 11}]})
    assert response.status_code == 200
    content = response.json()
    assert content["predictions"] == [{"user_id": 7, "item_id": 11, "rating": 4.5, "source": "model"}]
    assert len(content["version"]) == 12


def test_a_batch_is_answered_in_order_with_fallbacks_for_unknown_ids(server: httpx.Client) -> None:
    pairs = [(20, 11), (3, 99), (99, 10), (98, 99)]
    response = server.post("/v1/predictions", json={"pairs": [{"user_id": u, "item_id": i} for u, i in pairs]})
    answers = response.json()["predictions"]
    assert [(a["user_id"], a["item_id"]) for a in answers] == pairs
    assert [(a["rating"], a["source"]) for a in answers] == [
        (5.0, "model"), (4.0, "user_mean"), (4.5, "item_mean"), (3.5, "global_mean"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"\xff\xfe", 422),
        (b"null", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"pairs": []}', 422),
        (b'{"pairs": [{}]}', 422),
        (b'{"pairs": [{"user_id": "3", "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": 3.0, "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": 3.5, "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": true, "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": null, "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": NaN, "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": 1e400, "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": 9223372036854775808, "item_id": 10}]}', 422),
        (b'{"pairs": [{"user_id": ' + b"9" * 5000 + b', "item_id": 10}]}', 400),
        (b'{"pairs": [{"user_id": 3, "item_id": 10, "itemid": 1}]}', 422),
        (json.dumps({"pairs": [{"user_id": 3, "item_id": 10}] * 5}).encode(), 413),
        (b"[" * 100_000, 400),
        (b'{"\\ud800": 1}', 422),
        (b'{"pairs": [{"user_id": 3, "item_id": 10}], "' + b"x" * 100_000 + b'": 1}', 422),
        (b'{"pairs": [' + b"1, " * 10_000 + b"1]}", 422),
    ],
)
def test_a_wrong_request_is_a_problem_document_and_never_a_server_error(
    server: httpx.Client, body: bytes, status: int
) -> None:
    response = server.post("/v1/predictions", content=body, headers={"content-type": "application/json"})
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    problem = response.json()
    assert problem.keys() == {"title", "status", "detail"}
    assert problem["status"] == status
    assert 0 < len(problem["detail"]) <= 2000


def test_the_largest_ids_are_merely_unknown(server: httpx.Client) -> None:
    pair = {"user_id": 2**63 - 1, "item_id": -(2**63)}
    (answer,) = server.post("/v1/predictions", json={"pairs": [pair]}).json()["predictions"]
    assert answer == pair | {"rating": 3.5, "source": "global_mean"}


def test_one_pair_is_answered_by_its_address(server: httpx.Client) -> None:
    response = server.get("/v1/ratings?user_id=7&item_id=11")
    assert response.status_code == 200
    content = response.json()
    assert len(content.pop("version")) == 12
    assert content == {"user_id": 7, "item_id": 11, "rating": 4.5, "source": "model"}
    assert server.get("/v1/ratings?user_id=7&item_id=-1").json()["source"] == "user_mean"


@pytest.mark.parametrize(
    "query",
    [
        "", "user_id=3", "user_id=3&item_id=", "user_id=3&item_id=x", "user_id=3.0&item_id=10",
        "user_id=%203&item_id=10", "user_id=1_0&item_id=10", "user_id=%2B3&item_id=10",
        "user_id=9223372036854775808&item_id=10",
        "user_id=" + "9" * 5000 + "&item_id=10", "user_id=true&item_id=10", "user_id=%D9%A3&item_id=10",
        "user_id=3&item_id=10&strict=maybe", "user_id=3&item_id=10&itemid=3", "user_id=NaN&item_id=%00",
    ],
)  # fmt: skip
def test_a_wrong_address_is_a_problem_document(server: httpx.Client, query: str) -> None:
    response = server.get(f"/v1/ratings?{query}")
    assert (response.status_code, response.headers["content-type"]) == (422, "application/problem+json")


def test_an_unknown_id_is_not_found_if_the_request_is_strict(server: httpx.Client) -> None:
    pairs = [{"user_id": 3, "item_id": 10}, {"user_id": 3, "item_id": 99}]
    for response, unknown in (
        (server.get("/v1/ratings?user_id=99&item_id=10&strict=true"), "user 99"),
        (server.post("/v1/predictions", json={"pairs": pairs, "strict": True}), "item 99"),
    ):
        assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
        assert unknown in response.json()["detail"]
    assert server.post("/v1/predictions", json={"pairs": pairs[:1], "strict": True}).status_code == 200


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/v1/predictions", 405)])
def test_unknown_routes_and_methods_are_problem_documents(
    server: httpx.Client, method: str, path: str, status: int
) -> None:
    response = server.request(method, path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert response.json()["status"] == status
