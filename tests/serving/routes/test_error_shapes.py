"""Every way to be refused, at every route of the application: one shape of error for each protocol."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from pydantic import SecretStr

from serving.app import create_app
from serving.settings import Settings
from tests.serving.conftest import KEY, StartServer
from tests.serving.error_shapes import check

NOWHERE = SecretStr("sqlite:///none.db")  # until a server starts
WITHOUT_KEY = {
    "/", "/static/page.css", "/docs", "/docs/start.js", "/openapi.json",
    "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/ping", "/health",
}  # fmt: skip
WITHOUT_MODEL = WITHOUT_KEY - {"/health/ready", "/v2/health/ready", "/ping", "/health"} | {
    "/metrics", "/version", "/v2", "/v2/", "/v2/health/live",
}  # fmt: skip
FILES = {"/static/{name}": "/static/page.css", "/docs/{name}": "/docs/start.js"}
VALUES = {"user_id": "1", "item_id": "11", "name": "recsys", "version": "1"}


class Route(NamedTuple):
    """A route of the application, with values in its path."""

    method: str
    path: str


ROUTES = sorted(
    Route(method, FILES.get(path := context.path or "", path).format(**VALUES))
    for context in iter_route_contexts(create_app(Settings(api_key=SecretStr(KEY), ratings_database=NOWHERE)).routes)
    for method in context.methods or ()
)
WITH_BODY = [route for route in ROUTES if route.method in ("POST", "PUT")]
PATHS = sorted({route.path for route in ROUTES})


@pytest.fixture(scope="module")
def guarded(start_server: StartServer, model: Path, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """A server that wants a key, keeps ratings, and takes bodies of at most 1000 bytes; the client has the key."""
    database = f"sqlite:///{tmp_path_factory.mktemp('ratings') / 'ratings.db'}"
    client = start_server(artifact=model, api_key=KEY, ratings_database=database, max_body_bytes=1000)
    client.headers["X-API-Key"] = KEY
    return client


@pytest.fixture(scope="module")
def without_model(start_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """A server that keeps ratings and has no model."""
    folder = tmp_path_factory.mktemp("empty")
    database = f"sqlite:///{folder / 'ratings.db'}"
    client = start_server(artifact=folder / "none", api_key=KEY, ratings_database=database)
    client.headers["X-API-Key"] = KEY
    return client


def test_the_routes_of_all_protocols_are_found() -> None:
    assert len(WITH_BODY) >= 7
    assert {"/v1/predictions", "/v1/users/1/recommendations", "/v2/models/recsys/infer", "/ping"} <= set(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_a_request_without_the_key(guarded: httpx.Client, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        response = guarded.request(method, path, headers={"X-API-Key": "wrong"})
        if path in WITHOUT_KEY:
            assert response.status_code != 401
        else:
            check(response)
            assert (response.status_code, "X-API-Key" in response.text) == (401, True)
            assert response.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize("path", PATHS)
def test_an_address_that_is_not_there(guarded: httpx.Client, path: str) -> None:
    for below in ("nothing", "nothing/here", "%00"):
        response = guarded.get(f"{path.rstrip('/')}/{below}")
        check(response)
        assert response.status_code in (404, 422)  # 422 where this is no id


@pytest.mark.parametrize("path", PATHS)
def test_a_method_that_is_not_allowed(guarded: httpx.Client, path: str) -> None:
    allowed = {route.method for route in ROUTES if route.path == path}
    allowed |= {"HEAD"} if "GET" in allowed else set()
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"} - allowed:
        response = guarded.request(method, path)
        check(response)
        assert response.status_code == 405
        assert allowed == set(response.headers["allow"].split(", "))


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/metrics"])  # whose length changes
def test_head_is_get_without_the_body(guarded: httpx.Client, without_model: httpx.Client, path: str) -> None:
    for client in (guarded, without_model):
        get, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        for name in ("content-type", "content-length", "allow", "retry-after", "cache-control"):
            assert head.headers.get(name) == get.headers.get(name)


@pytest.mark.parametrize("route", WITH_BODY, ids="".join)
def test_a_body_that_is_not_what_is_wanted(guarded: httpx.Client, route: Route) -> None:
    invalid = {400, 422} if route.path.startswith("/v1/") else {400}  # native: 400 where it cannot be read at all
    path = route.path.replace("/versions/1", "/versions/" + guarded.get("/health/live").headers["x-model-version"])
    for body in (
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'"text"',
        b"\xff",
        b"NaN",
        b'{"\\ud800": 1}',
        "{}".encode("utf-16"),
    ):
        response = guarded.request(route.method, path, content=body, headers={"content-type": "application/json"})
        check(response)
        assert response.status_code in invalid
    for body in (b"[" * 900, b"9" * 900, b'{"a":' * 150):
        response = guarded.request(route.method, path, content=body, headers={"content-type": "application/json"})
        check(response)
        assert response.status_code in invalid
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml", "é"):
        response = guarded.request(route.method, path, content=b"{}", headers={b"content-type": kind.encode()})
        check(response)
        assert (response.status_code, "application/json" in response.text) == (415, True)
    for encoding in ("gzip", "br", "nonsense"):
        headers = {"content-type": "application/json", "content-encoding": encoding}
        response = guarded.request(route.method, path, content=b"{}", headers=headers)
        check(response)
        assert (response.status_code, response.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_too_long(guarded: httpx.Client, path: str) -> None:
    for method in ("POST", "PUT", "GET"):
        response = guarded.request(method, path, content=b" " * 1001)
        check(response)
        assert (response.status_code, "1000" in response.text) == (413, True)


@pytest.mark.parametrize("route", WITH_BODY, ids="".join)
def test_a_body_that_is_too_long_and_does_not_say_so(guarded: httpx.Client, route: Route) -> None:
    path = route.path.replace("/versions/1", "/versions/" + guarded.get("/health/live").headers["x-model-version"])
    body = iter([b"[" + b" " * 500, b" " * 500])
    response = guarded.request(route.method, path, content=body, headers={"content-type": "application/json"})
    check(response)
    assert response.status_code == 413


@pytest.mark.parametrize("path", PATHS)
def test_a_server_without_a_model(without_model: httpx.Client, path: str) -> None:
    method = next((method for method in ("POST", "PUT", "DELETE") if Route(method, path) in ROUTES), "GET")
    response = without_model.request(method, path, json={} if method == "POST" else None)
    if path in WITHOUT_MODEL:
        assert response.status_code == 200
    else:
        check(response)
        assert (response.status_code, "make train" in response.text) == (503, True)
        assert response.headers["retry-after"] == "1"
        assert "/" not in response.json().get("detail", "")  # no path: the log has it


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/v1/") and path != "/v1/model"])
def test_a_wrong_query_or_id(guarded: httpx.Client, path: str) -> None:
    if Route("GET", path) in ROUTES:
        wrong = guarded.get(path.replace("/11", "/eleven").replace("/1", "/one"), params={"n": "ten", "user_id": "one"})
        check(wrong)
        assert wrong.status_code == 422


def test_json_that_is_refused_late_is_refused_in_the_same_shape(guarded: httpx.Client) -> None:
    strict = {"pairs": [{"user_id": 99, "item_id": 99}], "strict": True}
    for response, status in (
        (guarded.post("/v1/predictions", json=strict), 404),
        (guarded.get("/v1/ratings?user_id=99&item_id=99&strict=true"), 404),
        (guarded.post("/v1/fold-in", json={"ratings": [{"item_id": 10, "rating": 9}]}), 422),
        (guarded.get("/v1/users/3/recommendations?genre=Nonsense"), 422),
        (guarded.get("/v2/models/other"), 404),
        (guarded.post("/v2/models/other/infer", content=json.dumps({})), 404),
    ):
        check(response)
        assert response.status_code == status
