"""The OpenAPI document, made complete: bodies that routes read themselves, and an example of every body."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic_core import to_json

DESCRIPTION = """Every answer names the request (`X-Request-ID`, which is yours if you send one) and the version of the
model (`X-Model-Version`). HEAD is answered wherever GET is. Errors have one shape for each protocol; a 503 says in
`Retry-After` when to ask again. All requests only read, or leave the same when they are sent again, so each may be."""
PATH = "/openapi.json"
"""Where the document is given; it holds no secrets."""
TAGS = [
    {"name": "predictions", "description": "Predicted ratings (native API)."},
    {"name": "users", "description": "What a user may like, and why; also for users that training did not see."},
    {"name": "items", "description": "Items by title, by id, and others like them."},
    {"name": "ratings", "description": "Ratings that users give, kept by this server, if it is set to."},
    {"name": "model", "description": "What is known of the model that answers."},
    {"name": "MLflow", "description": "MLflow's scoring protocol. Errors are objects with error_code and message."},
    {"name": "KServe", "description": "Open Inference Protocol, version 2. Errors are objects with error."},
    {"name": "operation", "description": "For those who run the server."},
    {"name": "health", "description": "Is the process alive, and can it answer."},
]


def inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema without references: those into its own definitions would point nowhere in the document."""
    definitions = schema.get("$defs", {})

    def resolved(node: Any) -> Any:
        if isinstance(node, list):
            return [resolved(child) for child in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolved(definitions[node["$ref"].rpartition("/")[2]])
        return {key: resolved(child) for key, child in node.items() if key != "$defs"}

    whole: dict[str, Any] = resolved(schema)
    return whole


def install(app: FastAPI) -> None:
    """Make the application's document say what is answered, with examples put together from those of the fields.

    It is given at `PATH`, and made when it is first asked for, beside the event loop: that takes a while.
    """
    plain = app.openapi
    once = asyncio.Lock()
    made: bytes | None = None

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()  # which keeps what it returns
            _leave_out_fastapis_errors(document)
            _add_examples(document)
            _make_limits_exact(document)
        return plain()

    async def openapi_document(request: Request) -> Response:
        nonlocal made
        async with once:
            if made is None:
                made = await asyncio.to_thread(lambda: to_json(app.openapi()))
        return Response(made, media_type="application/json")

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI documents
    app.add_route(PATH, openapi_document, include_in_schema=False)


def _leave_out_fastapis_errors(document: dict[str, Any]) -> None:
    """FastAPI declares a 422 of its own shape wherever a route has parameters and none is declared; none is given."""
    for operation in _operations(document):
        if "application/json" in operation["responses"].get("422", {}).get("content", {}):
            del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _add_examples(document: dict[str, Any]) -> None:
    for operation in _operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (content for body in bodies for content in body.get("content", {}).values()):
            if content.get("schema", {}).get("format") != "binary" and not content.keys() & {"example", "examples"}:
                content["example"] = _example(content["schema"], document)


def _make_limits_exact(node: Any) -> None:
    """FastAPI keeps limits as floats, of which none is 2**63 - 1: the nearest would allow ids that are refused."""
    if isinstance(node, dict):
        for name in ("minimum", "maximum"):
            if isinstance(node.get(name), float):
                node[name] = min(int(node[name]), 2**63 - 1)
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _make_limits_exact(child)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


def _example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    if "$ref" in schema:
        return _example(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "examples" in schema:
        return schema["examples"][0]
    if "default" in schema:
        return schema["default"]
    if "properties" in schema:
        return {name: _example(of, document) for name, of in schema["properties"].items()}
    return [_example(schema["items"], document)] if schema.get("type") == "array" else None
