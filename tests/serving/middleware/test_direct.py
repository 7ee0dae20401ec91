"""The short way through the server and FastAPI's own give the same answers, and both are what the documents say."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from types import SimpleNamespace
from typing import Any, get_args

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.types import Message, Receive, Scope, Send

from recsys.artifact import Artifact
from serving.answers.recommender import Recommender
from serving.middleware.direct import DirectRoutes
from serving.routes.native.protocol import DIRECT, NATIVE, RATING_DIRECT
from serving.schemas.answers import PredictionsResponse, RatingResponse
from serving.settings import Settings
from tests.serving import films

# In this spelling the short way leaves a request to FastAPI; to both it means the same.
UNUSUAL = {"content-type": "application/json; charset=utf-8"}
USUAL = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("user_id=1&item_id=14", 200), ("item_id=14&user_id=1&strict=false", 200), ("user_id=-1&item_id=-0", 200),
        ("user_id=99&item_id=14&strict=1", 404), ("user_id=1&item_id=14&strict=on", 200),
        ("user_id=1", 422), ("user_id=1&user_id=2&item_id=14", 200), ("user_id=1&item_id=14&", 200),
        ("user_id=1&item_id=14&strict=", 422), ("user_id=1&item_id=14&other=1", 422), ("user_id&item_id=14", 422),
        ("user_id=1=1&item_id=14", 422),
        ("user_id=1&item_id=14&uncertainty=2", 422), ("user_id=1&item_id=9223372036854775808", 422), ("", 422),
    ],
)  # fmt: skip
def test_a_query_is_answered_the_same_either_way(films_server: httpx.Client, query: str, status: int) -> None:
    usual = films_server.get(f"/v1/ratings?{query}")
    encoded = films_server.get(f"/v1/ratings?{query.replace('item_id', 'item%5Fid').replace('user_id', 'user%5fid')}")
    unusual = films_server.get(f"/v1/ratings?{query}&")
    assert (encoded.status_code, encoded.content) == (unusual.status_code, unusual.content)
    assert (usual.status_code, usual.content) == (status, unusual.content)
    assert usual.headers["content-type"] == unusual.headers["content-type"]
    if status == 200:
        assert usual.json().keys() == RatingResponse.model_fields.keys() - {"uncertainty"}
        RatingResponse.model_validate_json(usual.content, strict=True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"pairs": [{"user_id": 1, "item_id": 14}]}',
        b'{"strict": "yes", "pairs": [{"item_id": 14, "user_id": 1}, {"user_id": 2, "item_id": 10}]}',
        b'{"pairs": [{"user_id": 1, "user_id": 2, "item_id": 14}]}',
        b'{"pairs": [{"user_id": 1, "item_id": 99}], "strict": true}',
        b'{"pairs": [' + b'{"user_id": 1, "item_id": 14},' * 4 + b'{"user_id": 1, "item_id": 14}]}',
        b'{"pairs": [{"user_id": 1.0, "item_id": 14}]}',
        b'{"pairs": [{"user_id": 1, "item_id": 14, "x": 1}]}',
        b'\xef\xbb\xbf{"pairs": [{"user_id": 1, "item_id": 14}]}',
        json.dumps({"pairs": [{"user_id": 1, "item_id": 14}]}).encode("utf-16"),
        b'{"pairs": [{"user_id": 1, "item_id": 14}]} x',
        b"",
    ],
)
def test_a_body_is_answered_the_same_either_way(films_server: httpx.Client, body: bytes) -> None:
    usual = films_server.post("/v1/predictions", content=body, headers=USUAL)
    chunked = films_server.post("/v1/predictions", content=iter([body[:9], body[9:]]), headers=USUAL)
    unusual = films_server.post("/v1/predictions", content=body, headers=UNUSUAL)
    assert (usual.status_code, usual.content) == (unusual.status_code, unusual.content)
    assert (chunked.status_code, chunked.content) == (unusual.status_code, unusual.content)
    if usual.status_code == 200:
        answer = PredictionsResponse.model_validate_json(usual.content, strict=True)
        assert json.loads(answer.model_dump_json(exclude_unset=True)) == usual.json()


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/users/1/ratings/10", b'{"rating": 4, "timestamp": 881250949}', 200),
        ("/v1/users/1/ratings/10", b'{"rating": 4, "timestamp": 881250948}', 409),
        ("/v1/users/1/ratings/10", b'{"rating": 9}', 422),
        ("/v1/users/1/ratings/10", b'{"rating": "4"}', 422),
        ("/v1/users/1/ratings/10", b'{"rating": 4, "x": 1}', 422),
        ("/v1/users/1/ratings/ten", b'{"rating": 4}', 422),
        ("/v1/users/1/ratings/10/more", b'{"rating": 4}', 404),
        ("/v1/users/1/ratings/10", b"", 422),
    ],
)
def test_a_rating_is_put_the_same_either_way(rating_server: httpx.Client, path: str, body: bytes, status: int) -> None:
    rating_server.put("/v1/users/1/ratings/10", json={"rating": 3, "timestamp": 881250949})
    usual = rating_server.put(path, content=body, headers=USUAL)
    for same, headers in ((path, UNUSUAL), (path.replace("ratings", "r%61tings"), USUAL), (f"{path}?x=1", USUAL)):
        unusual = rating_server.put(same, content=body, headers=headers)
        assert (unusual.status_code, unusual.content) == (usual.status_code, usual.content)
    assert usual.status_code == status
    rating_server.delete("/v1/users/1")


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("GET", "/v1/ratings", b"user_id=1&item_id=14", b""),
        ("GET", "/v1/ratings", b"user_id=%31&item%5fid=14", b""),
        ("POST", "/v1/predictions", b"", b'{"pairs": [{"user_id": 1, "item_id": 14}]}'),
    ],
)
def test_a_right_request_never_reaches_fastapi(method: str, path: str, query: bytes, body: bytes) -> None:
    kind = "LinearNetwork"
    recommender = Recommender(Artifact(films.manifest(kind), films.arrays(kind), films.ITEMS))
    scope: dict[str, Any] = {
        "type": "http", "method": method, "path": path, "query_string": query, "state": {"recommender": recommender},
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
        "app": SimpleNamespace(state=SimpleNamespace(settings=Settings(), store=None)),
    }  # fmt: skip
    sent: list[Message] = []
    pieces = [{"type": "http.request", "body": body[i : i + 20], "more_body": i + 20 < len(body)}
              for i in range(0, max(1, len(body)), 20)]  # fmt: skip

    async def fastapi(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("FastAPI was asked")

    async def receive() -> Message:
        return pieces.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(DirectRoutes(fastapi, DIRECT)(scope, receive, send))
    assert sent[0]["status"] == 200
    assert b'"rating":3.7' in sent[1]["body"]


@pytest.mark.parametrize(("method", "path"), sorted(DIRECT | RATING_DIRECT))
def test_what_is_registered_is_what_fastapi_calls(method: str, path: str) -> None:
    (route,) = (
        route
        for router in NATIVE.routers + NATIVE.rating_routers
        for route in router.routes
        if isinstance(route, APIRoute) and NATIVE.prefix + route.path == path and method in (route.methods or ())
    )
    endpoint, model, needs = (DIRECT | RATING_DIRECT)[method, path]
    of_path = path.count("{")
    parameters = list(inspect.signature(endpoint, eval_str=True).parameters.values())
    assert [parameter.name for parameter in parameters[:of_path]] == re.findall(r"{(\w+)}", path)
    first, *others = parameters[of_path:]
    assert route.endpoint is endpoint
    assert model in (first.annotation, *get_args(first.annotation)[:1])
    assert [get_args(other.annotation)[1].dependency for other in others] == list(needs)


def test_both_ways_are_counted_as_the_same_endpoint(films_server: httpx.Client) -> None:
    def counted() -> float:
        lines = films_server.get("/metrics").text.splitlines()
        name = 'recsys_requests_total{endpoint="rating",method="GET",status="200"} '
        return sum(float(line.removeprefix(name)) for line in lines if line.startswith(name))

    before = counted()
    films_server.get("/v1/ratings?user_id=1&item_id=14")
    films_server.get("/v1/ratings?user_id=1&item_id=14&")
    assert counted() == before + 2
