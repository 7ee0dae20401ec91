"""Whatever is sent to whatever route: an answer, or an error of the protocol's one shape, and never a server error."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.serving import error_shapes

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
        error_shapes.check(response)


@pytest.fixture(scope="module")
def operations(described_server: httpx.Client) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Method, path and parameters of every operation of the OpenAPI document."""
    paths = described_server.get("/openapi.json").json()["paths"]
    return [
        (method, path, operation.get("parameters", []))
        for path, methods in paths.items()
        for method, operation in methods.items()
    ]


@pytest.fixture(scope="module")
def posts(described_server: httpx.Client) -> dict[str, bytes]:
    """A valid body for every address that takes one, from the examples of the OpenAPI document."""
    version = described_server.get("/v1/model").json()["version"]
    bodies = {}
    for path, methods in described_server.get("/openapi.json").json()["paths"].items():
        if "post" in methods:
            content = methods["post"]["requestBody"]["content"]["application/json"]
            example = content["example"] if "example" in content else content["examples"]["inputs"]["value"]
            bodies[path.format(name="recsys", version=version)] = json.dumps(example).encode()
    assert len(bodies) >= 5
    for path, body in bodies.items():
        response = described_server.post(path, content=body, headers={"content-type": "application/json"})
        assert response.status_code == 200, response.text
    return bodies


@OFTEN
@given(st.data())
def test_odd_addresses(
    described_server: httpx.Client, operations: list[tuple[str, str, list[dict[str, Any]]]], data: st.DataObject
) -> None:
    method, path, parameters = data.draw(st.sampled_from(operations))
    query = []
    for parameter in parameters:
        value = data.draw(ODD)
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        elif data.draw(st.booleans()):
            query.append(f"{quote(parameter['name'])}={quote(value)}")
    check(described_server.request(method, f"{path}?{'&'.join(query)}"))


@OFTEN
@given(JSON, st.data())
def test_odd_json(described_server: httpx.Client, posts: dict[str, bytes], body: object, data: st.DataObject) -> None:
    content = json.dumps(body).encode()  # with NaN and Infinity, and lone surrogates as escapes
    path = data.draw(st.sampled_from(sorted(posts)))
    check(described_server.post(path, content=content, headers={"content-type": "application/json"}))


@OFTEN
@given(
    st.binary(max_size=50),
    st.sampled_from(["application/json", "text/csv", "application/octet-stream", "text/plain", ""]),
    st.sampled_from(["identity", "identity", "gzip", "deflate"]),
    st.data(),
)
def test_odd_bytes_of_any_type(
    described_server: httpx.Client,
    posts: dict[str, bytes],
    body: bytes,
    content_type: str,
    encoding: str,
    data: st.DataObject,
) -> None:
    path = data.draw(st.sampled_from(sorted(posts)))
    check(
        described_server.post(path, content=body, headers={"content-type": content_type, "content-encoding": encoding})
    )


TOKENS = [
    b"9" * 5000, b"-9223372036854775809", b"9223372036854775807", b"1e999", b"-0", b"0.1", b"NaN", b"Infinity", b"{",
    b"null", b"true", b"[]", b"{}", b'""', b'"\\ud800"', b'"\\u0000"', b'"\xed\xa0\x80"', b"\xff",
    b'"' + b"x" * 9999 + b'"', b"[" * 3000, b"[" * 3000 + b"]" * 3000, b'{"a":' * 3000,
]  # fmt: skip
NAMES = [b"pairs", b"ratings", b"inputs", b"dataframe_split", b"params", b"id", b"user_id"]


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """What is left of a body after one to three accidents."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(body)))
        accident = draw(st.sampled_from(["cut", "hole", "noise", "token", "name twice", "encoding", "gzip", "twice"]))
        if accident == "cut":
            body = body[:place]
        elif accident == "hole":
            body = body[:place] + body[place + draw(st.integers(1, 20)) :]
        elif accident == "noise":
            body = body[:place] + draw(st.binary(min_size=1, max_size=4)) + body[place:]
        elif accident == "token":
            places = [found.span() for found in re.finditer(rb'"[^"]*"|[-0-9.]+|true|false|null', body)]
            begin, end = draw(st.sampled_from(places or [(0, 0)]))
            body = body[:begin] + draw(st.sampled_from(TOKENS)) + body[end:]
        elif accident == "name twice":
            value = draw(st.sampled_from([b"1", b"null", b"[]", b"{}"]))
            body = body.replace(b"{", b'{"' + draw(st.sampled_from(NAMES)) + b'":' + value + b",")
        elif accident == "encoding":
            encoding = draw(st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "utf-16-le"]))
            body = body.decode(errors="replace").encode(encoding)
        else:
            body = gzip.compress(body) if accident == "gzip" else body * 2
    return body


@OFTEN
@given(st.data())
def test_what_is_left_of_right_requests(
    described_server: httpx.Client, posts: dict[str, bytes], data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(sorted(posts)))
    body = data.draw(damaged(posts[path]))
    headers = {"content-type": "application/json"}
    if "infer" in path and data.draw(st.booleans()):
        headers["Inference-Header-Content-Length"] = str(data.draw(st.integers(-1, len(body) + 1)))
    check(described_server.post(path, content=body, headers=headers))


@OFTEN
@given(damaged(b'user_id,item_id,title\n1,11,"a, b"\n2,10,"c"\n'))
def test_what_is_left_of_right_csv(described_server: httpx.Client, body: bytes) -> None:
    check(described_server.post("/invocations", content=body, headers={"content-type": "text/csv"}))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_every_method_on_every_route_is_answered_or_a_problem(
    described_server: httpx.Client, operations: list[tuple[str, str, list[dict[str, Any]]]], method: str
) -> None:
    for _, path, _ in operations:
        response = described_server.request(method, path.format(user_id=1, item_id=11, name="recsys", version="1"))
        if method != "HEAD":
            check(response)
        assert response.status_code < 500


def test_of_very_many_wrong_pairs_the_first_is_named(server: httpx.Client) -> None:
    """To describe all of them took seconds, in which nobody was answered."""
    response = server.post("/v1/predictions", json={"pairs": [1] * 10_000})
    assert response.status_code == 422
    assert "pairs.0" in response.json()["detail"] or "pairs[0]" in response.json()["detail"]
    assert "pairs.1" not in response.text
    assert len(response.content) < 1000


TENSOR = b'{"inputs": [{"name": "user_id", "shape": [1], "datatype": "INT64", "data": [%s]}]}'


@pytest.mark.parametrize(
    ("path", "content", "kind", "status"),
    [
        ("/v1/predictions", b'{"pairs": [%s]}', b"{}", 422),
        ("/v1/fold-in", b'{"ratings": [%s]}', b"{}", 422),
        ("/v1/fold-in", b'{"ratings": [], "item_ids": [%s]}', b'"x"', 413),
        ("/v1/fold-in/explanation", b'{"item_id": 10, "ratings": [%s]}', b"{}", 422),
        ("/invocations", b'{"inputs": [%s]}', b"[1]", 413),
        ("/invocations", b'{"inputs": [%s]}', b"{}", 413),
        ("/invocations", b'{"dataframe_records": [%s]}', b"{}", 413),
        ("/invocations", b'{"inputs": {"user_id": [%s], "item_id": []}}', b'"x"', 413),
        ("/invocations", b'{"dataframe_split": {"columns": ["user_id", "item_id"], "data": [%s]}}', b"[]", 413),
        ("/v2/models/recsys/infer", TENSOR, b'"x"', 400),
    ],
)
def test_of_very_many_mistakes_few_are_described_and_beyond_the_limit_none_is_looked_at(
    server: httpx.Client, path: str, content: bytes, kind: bytes, status: int
) -> None:
    json = {"Content-Type": "application/json"}
    answer = server.post(path, content=content % b",".join([kind] * 9_000), headers=json)
    assert answer.status_code == status
    assert len(answer.content) < 1000
    assert server.post(path, content=content % b",".join([kind] * 200_000), headers=json).status_code == 413
