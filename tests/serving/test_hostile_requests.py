"""Whatever is sent to whatever route: an answer, or a problem document of one shape, and never a server error."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ODD = st.one_of(
    st.sampled_from(
        ["", "0", "1", "11", "-1", "1.0", "1e3", "NaN", "true", "null", "\x00", "..", "%", "Drama", "9" * 30]
    ),
    st.integers(-(2**70), 2**70).map(str),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from([1, 11, 5.0]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["pairs", "ratings", "item_ids", "user_id", "item_id", "rating", "strict", "n", "genre"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
OFTEN = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def check(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text
    assert len(response.headers["x-model-version"]) == 12
    if response.status_code >= 400:
        problem = response.json()
        assert response.headers["content-type"] == "application/problem+json"
        assert problem.keys() == {"title", "status", "detail"}
        assert (problem["status"], bool(problem["detail"])) == (response.status_code, True)


@pytest.fixture(scope="module")
def operations(films_server: httpx.Client) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Method, path and parameters of every operation of the OpenAPI document."""
    paths = films_server.get("/openapi.json").json()["paths"]
    return [
        (method, path, operation.get("parameters", []))
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


@OFTEN
@given(st.data())
def test_odd_addresses(
    films_server: httpx.Client, operations: list[tuple[str, str, list[dict[str, Any]]]], data: st.DataObject
) -> None:
    method, path, parameters = data.draw(st.sampled_from(operations))
    query = []
    for parameter in parameters:
        value = data.draw(ODD)
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif data.draw(st.booleans()):
            query.append(f"{quote(parameter['name'])}={quote(value)}")
    check(films_server.request(method, f"{path}?{'&'.join(query)}"))


@OFTEN
@given(JSON, st.sampled_from(["/v1/predictions", "/v1/fold-in"]))
def test_odd_json(films_server: httpx.Client, body: object, path: str) -> None:
    content = json.dumps(body).encode()  # with NaN and Infinity, and lone surrogates as escapes
    check(films_server.post(path, content=content, headers={"content-type": "application/json"}))


@OFTEN
@given(
    st.binary(max_size=50), st.sampled_from(["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
)
def test_odd_bytes_of_any_type(films_server: httpx.Client, body: bytes, content_type: str) -> None:
    for path in ("/v1/predictions", "/v1/fold-in"):
        check(films_server.post(path, content=body, headers={"content-type": content_type}))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_every_method_on_every_route_is_answered_or_a_problem(
    films_server: httpx.Client, operations: list[tuple[str, str, list[dict[str, Any]]]], method: str
) -> None:
    for _, path, _ in operations:
        response = films_server.request(method, path.format(user_id=1, item_id=11))
        if method != "HEAD":
            check(response)
        assert response.status_code < 500
