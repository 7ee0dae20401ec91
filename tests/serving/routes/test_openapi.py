"""The OpenAPI document: every route of every protocol, with examples that are true, and nothing that is not so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from serving.routes.openapi import TAGS
from tests.acceptance import needed
from tests.serving.conftest import KEY, StartServer

PATHS = {
    "/v1/predictions", "/v1/ratings", "/v1/users", "/v1/users/{user_id}", "/v1/users/{user_id}/recommendations",
    "/v1/users/{user_id}/items/{item_id}/explanation", "/v1/items", "/v1/items/{item_id}",
    "/v1/items/{item_id}/similar", "/v1/user", "/v1/recommendations", "/v1/explanation", "/v1/item", "/v1/similar",
    "/v1/fold-in", "/v1/fold-in/next", "/v1/fold-in/explanation", "/v1/cold-items", "/v1/model", "/metrics",
    "/health/live", "/health/ready", "/ping", "/health", "/version", "/invocations",
    "/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/{name}", "/v2/models/{name}/ready",
    "/v2/models/{name}/infer", "/v2/models/{name}/versions/{version}", "/v2/models/{name}/versions/{version}/ready",
    "/v2/models/{name}/versions/{version}/infer",
}  # fmt: skip
RATING_PATHS = {
    "/v1/users/{user_id}/ratings", "/v1/users/{user_id}/ratings/{item_id}", "/v1/user/rating", "/v1/user/ratings",
}  # fmt: skip
PROBES = {"/ping", "/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"}


class Operation(NamedTuple):
    """One operation of the document."""

    method: str
    path: str
    documented: dict[str, Any]


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, documented in methods.items():
            yield Operation(method, path, documented)


def examples(content: dict[str, Any]) -> list[Any]:
    return [content["example"]] if "example" in content else [e["value"] for e in content["examples"].values()]


@pytest.fixture(scope="module", params=["roomy_films_server", "rating_server"])
def server_asked(request: pytest.FixtureRequest) -> httpx.Client:
    """A server that keeps no ratings, and one that does."""
    client: httpx.Client = request.getfixturevalue(request.param)
    return client


@pytest.fixture(scope="module")
def document(server_asked: httpx.Client) -> dict[str, Any]:
    """The document, as the server gives it."""
    content: dict[str, Any] = server_asked.get("/openapi.json").json()
    return content


def test_every_operation_is_described_under_a_tag_that_is(server_asked: httpx.Client, document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["paths"].keys() == PATHS | (RATING_PATHS if "X-API-Key" in server_asked.headers else set())
    assert document["tags"] == TAGS
    for operation in operations(document):
        assert operation.documented["description"]
        assert len(operation.documented["tags"]) == 1
        assert operation.documented["tags"][0] in {tag["name"] for tag in TAGS}


def test_every_body_has_an_example_that_its_schema_allows(document: dict[str, Any]) -> None:
    validator = needed("jsonschema_rs").Draft202012Validator
    seen = 0
    for _, path, documented in operations(document):
        for body in (documented.get("requestBody", {"content": {}}), *documented["responses"].values()):
            for media_type, content in body["content"].items():
                if media_type == "application/octet-stream":
                    continue
                for example in examples(content):
                    schema = {**content.get("schema", {}), "components": document["components"]}
                    assert validator(schema).is_valid(example), (path, media_type, example)
                    seen += 1
    assert seen > 80


def test_every_parameter_has_an_example_or_a_default(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for parameter in operation.documented.get("parameters", []):
            schema = parameter["schema"]
            assert schema.keys() & {"default", "examples"} or not parameter.get("required"), parameter


def test_the_examples_of_requests_are_answered(server_asked: httpx.Client, document: dict[str, Any]) -> None:
    version = server_asked.get("/v1/model").json()["version"]
    sent = 0
    for method, path, documented in operations(document):
        for media_type, content in documented.get("requestBody", {"content": {}})["content"].items():
            if media_type == "application/octet-stream":
                continue
            for example in examples(content):
                body = example if isinstance(example, str) else json.dumps(example)
                if path == "/v1/cold-items":
                    continue  # of a model with features of items; see tests.serving.answers.test_cold_items
                address = path.format(name="recsys", version=version, user_id=1, item_id=11)
                query = {"user_id": 1, "item_id": 11} if address == "/v1/user/rating" else None
                response = server_asked.request(
                    method, address, params=query, content=body.encode(), headers={"content-type": media_type}
                )
                assert response.status_code in (200, 201), (path, response.text)
                sent += 1
    assert sent >= 9


def test_errors_are_declared_in_the_shape_of_the_protocol(document: dict[str, Any]) -> None:
    for _, path, documented in operations(document):
        for status, response in documented["responses"].items():
            if int(status) >= 400:
                ((media_type, content),) = response["content"].items()
                fields = set(content["schema"]["properties"])
                if path.startswith("/v2"):
                    assert (media_type, fields) == ("application/json", {"error"})
                elif path in ("/ping", "/health", "/version", "/invocations"):
                    assert (media_type, fields) == ("application/json", {"error_code", "message"})
                else:
                    assert (media_type, fields) == ("application/problem+json", {"title", "status", "detail"})


def test_the_key_is_declared_where_it_is_asked_for(start_server: StartServer, roomy_films_server: httpx.Client) -> None:
    document = roomy_films_server.get("/openapi.json").json()
    guarded = start_server(artifact="none", api_key="correct-horse-battery").get("/openapi.json").json()
    assert guarded["components"]["securitySchemes"] == {
        "APIKeyHeader": {
            "type": "apiKey", "in": "header", "name": "X-API-Key", "description": "The key of this server.",
        },
        "HTTPBearer": {
            "type": "http", "scheme": "bearer",
            "description": "The same key, in a header that other clients know.",
        },
    }  # fmt: skip
    for _, path, documented in operations(guarded):
        asked = documented.get("security") == [{"APIKeyHeader": []}, {"HTTPBearer": []}]  # one of them
        assert asked == ("401" in documented["responses"]) == (path not in PROBES), path
        for status, header in (("401", "WWW-Authenticate"), ("503", "Retry-After")):
            assert header in documented["responses"].get(status, {"headers": header})["headers"]
    assert "securitySchemes" not in document["components"]
    assert not any("401" in operation.documented["responses"] for operation in operations(document))


@pytest.mark.slow
def test_schemathesis_finds_nothing_wrong(rating_server: httpx.Client, tmp_path: Path) -> None:
    needed("schemathesis")
    # Not all that the schema allows is right: it cannot say that two columns are of one length, or which genres exist.
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{rating_server.base_url}/openapi.json",
        "--header", f"X-API-Key: {KEY}",
        "--max-examples", "5", "--seed", "1", "--exclude-checks", "positive_data_acceptance",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
