"""How long one large request keeps the event loop of the server from everything else.

The application is called in this process, as the server calls it, while a task notes when it gets its turn; the longest
time between two of its turns is what the request held the loop. Every request is the largest of its kind that the
default settings allow, or one that they refuse. Each is sent several times, and its median counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from pydantic import SecretStr
from starlette.types import ASGIApp, Message

from recsys import artifact
from serving.app import create_app
from serving.application import open_store
from serving.process import log
from serving.ratings.changes import Put
from serving.ratings.opening import open_database
from serving.settings import Settings

_TIMES = 7  # that each request is sent
_STORED = 1500  # ratings of one user, of different items
_KEY = "0123456789abcdef"


class LargeRequest(NamedTuple):
    """A request, and the status that it gets."""

    name: str
    method: str
    target: str
    status: int
    body: bytes = b""
    content_type: str = "application/json"


def large_requests(model: artifact.Artifact, most: int) -> list[LargeRequest]:
    """Requests of `most` pairs in every protocol, longer ones, and those whose answers are long."""
    rng = np.random.default_rng(0)
    users = model.user_ids[rng.integers(model.user_ids.size, size=most)].tolist()
    items = model.item_ids[rng.integers(model.item_ids.size, size=most)].tolist()
    all_items = model.item_ids[:most].tolist()
    rated = [{"item_id": item, "rating": float(rng.integers(1, 6))} for item in all_items[: len(all_items) * 19 // 20]]
    pairs = [{"user_id": user, "item_id": item} for user, item in zip(users, items, strict=True)]
    timed = [{**pair, "timestamp": 881250949} for pair in pairs]
    rows = [list(row) for row in zip(users, items, strict=True)]
    columns = {"user_id": users, "item_id": items}
    wide = [[user, item, *["x"] * 8] for user, item in rows]
    lines = "".join(f"{user},{item}\n" for user, item in rows)

    def native(name: str, status: int, path: str, content: object) -> LargeRequest:
        return LargeRequest(name, "POST", f"/v1/{path}", status, _json(content))

    def mlflow(name: str, status: int, content: object) -> LargeRequest:
        return LargeRequest(f"MLflow, {name}", "POST", "/invocations", status, _json(content))

    def kserve(name: str, status: int, users: list[Any], items: list[Any]) -> LargeRequest:
        tensors = [
            {
                "name": column,
                "shape": [len(ids)],
                "datatype": "BYTES" if isinstance(ids[0], str) else "INT64",
                "data": ids,
            }
            for column, ids in (("user_id", users), ("item_id", items))
        ]
        body = _json({"inputs": tensors})
        return LargeRequest(f"KServe, {name}", "POST", "/v2/models/recsys/infer", status, body)

    user, item = users[0], items[0]
    return [
        native(f"{most:,} pairs", 200, "predictions", {"pairs": pairs}),
        native(f"{most:,} pairs with times", 200, "predictions", {"pairs": timed}),
        native(f"{most:,} pairs with uncertainty", 200, "predictions", {"pairs": pairs, "uncertainty": True}),
        native(f"{4 * most:,} pairs", 413, "predictions", {"pairs": pairs * 4}),
        native(f"{60 * most:,} wrong pairs", 413, "predictions", {"pairs": [{}] * 60 * most}),
        native(f"{90 * most:,} numbers for pairs", 413, "predictions", {"pairs": [0] * 90 * most}),
        native(f"fold-in of {len(rated):,} ratings", 200, "fold-in",
               {"ratings": rated, "item_ids": all_items, "n": 1000}),
        native(f"fold-in, {most:,} items asked for", 200, "fold-in", {"ratings": [], "item_ids": items}),
        native(f"fold-in of {6 * most:,} ratings", 413, "fold-in",
               {"ratings": [{"item_id": 1, "rating": 1}] * 6 * most}),
        native(f"fold-in of {60 * most:,} wrong ratings", 413, "fold-in", {"ratings": [{}] * 60 * most}),
        native(f"fold-in, {60 * most:,} items asked for", 413, "fold-in", {"ratings": [], "item_ids": [1] * 60 * most}),
        native(f"explanation from {len(rated):,} ratings", 200, "fold-in/explanation",
               {"ratings": rated, "item_id": item, "n": 1000}),
        mlflow(f"{most:,} rows, split", 200, {"dataframe_split": {"columns": list(columns), "data": rows}}),
        mlflow(f"{most:,} rows of ten columns", 200,
               {"dataframe_split": {"columns": [*columns, *"abcdefgh"], "data": wide}}),
        mlflow(f"{most:,} records", 200, {"dataframe_records": pairs}),
        mlflow(f"{most:,} rows", 200, {"inputs": rows}),
        mlflow(f"{most:,} rows in columns", 200, {"inputs": columns}),
        mlflow(f"{30 * most:,} rows, split", 413,
               {"dataframe_split": {"columns": list(columns), "data": [[1, 1]] * 30 * most}}),
        mlflow(f"{30 * most:,} rows", 413, {"inputs": [[1, 1]] * 30 * most}),
        mlflow(f"{60 * most:,} wrong records", 413, {"dataframe_records": [{}] * 60 * most}),
        LargeRequest(f"MLflow, {most:,} lines of CSV", "POST", "/invocations", 200,
                     f"user_id,item_id\n{lines}".encode(), "text/csv"),
        LargeRequest(f"MLflow, {45 * most:,} lines of CSV", "POST", "/invocations", 413,
                     ("user_id,item_id\n" + "1,1\n" * 45 * most).encode(), "text/csv"),
        kserve(f"{most:,} pairs", 200, users, items),
        kserve(f"{6 * most:,} pairs", 413, users[:1] * 6 * most, items[:1] * 6 * most),
        kserve(f"{45 * most:,} pairs", 413, [1] * 45 * most, [1] * 45 * most),
        LargeRequest("1,000 recommendations with uncertainty", "GET",
                     f"/v1/users/{user}/recommendations?n=1000&uncertainty=true", 200),
        LargeRequest("1,000 similar items", "GET", f"/v1/items/{item}/similar?n=1000", 200),
        LargeRequest("a search for 200 characters", "GET", f"/v1/items?query={'zyx+' * 50}&n=1000", 200),
        LargeRequest("1,000 items", "GET", "/v1/items?n=1000", 200),
        LargeRequest("1,000 users", "GET", "/v1/users?n=1000", 200),
    ]  # fmt: skip


def requests_of_stored(model: artifact.Artifact) -> list[LargeRequest]:
    """Requests for the first user, who has as many stored ratings as `_store_many` puts."""
    user, item = model.user_ids[0], model.item_ids[model.item_ids.size - 1]
    return [
        LargeRequest(f"{name}", "GET", f"/v1/{path}", 200)
        for name, path in (
            ("a rating", f"ratings?user_id={user}&item_id={item}"),
            ("1,000 recommendations with reasons", f"users/{user}/recommendations?n=1000&reasons=true"),
            ("an explanation", f"users/{user}/items/{item}/explanation?n=1000"),
            ("1,000 ratings", f"users/{user}/ratings?n=1000"),
        )
    ]


def longest_holds(directory: Path) -> list[dict[str, Any]]:
    """Of each large request: name, status and milliseconds that it held the loop; the longest first."""
    settings, model = Settings(artifact=directory), artifact.load(directory)
    rows = _holds(settings, large_requests(model, settings.max_pairs))
    return sorted(rows, key=lambda row: -row["milliseconds"])


def longest_holds_of_stored(directory: Path, folder: Path) -> list[dict[str, Any]]:
    """The same of requests for a user with many stored ratings, which a database in a folder is made for."""
    url = f"sqlite:///{folder}/holds.db"
    model = artifact.load(directory)
    _store_many(url, model)
    settings = Settings(artifact=directory, ratings_database=SecretStr(url), api_key=SecretStr(_KEY))
    rows = _holds(settings, requests_of_stored(model))
    return sorted(rows, key=lambda row: -row["milliseconds"])


def _store_many(url: str, model: artifact.Artifact) -> None:
    database, user = open_database(url), str(model.user_ids[0])
    database.commit([Put((user, str(item)), 4.0, 1) for item in model.item_ids[:_STORED].tolist()])
    database.close()


def _holds(settings: Settings, requests: list[LargeRequest]) -> list[dict[str, Any]]:
    with Path(os.devnull).open("wb") as nowhere, mock.patch.object(log, "ACCESS", log.LogWriter(nowhere.fileno())):
        app = create_app(settings)
        app.state.model.reload()
        app.state.store = store = open_store(settings)
        rows = [asyncio.run(_measured(app, request)) for request in requests]
        if store is not None:
            store.close()
        log.ACCESS.close()
    return rows


async def _measured(app: ASGIApp, request: LargeRequest) -> dict[str, Any]:
    held = [await _held(app, request) for _ in range(_TIMES + 1)][1:]  # the first one fills caches
    return {
        "name": request.name,
        "status": request.status,
        "bytes": len(request.body),
        "milliseconds": round(statistics.median(held) * 1e3, 1),
        "least_milliseconds": round(min(held) * 1e3, 1),  # with the least of what other programs do
    }


async def _held(app: ASGIApp, request: LargeRequest) -> float:
    longest, last = 0.0, time.perf_counter()

    async def look() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    looking = asyncio.create_task(look())
    await asyncio.sleep(0)
    status = await _ask(app, request)
    await asyncio.sleep(0)
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    if status != request.status:
        raise SystemExit(f"{request.name}: {status} instead of {request.status}")
    return longest


async def _ask(app: Callable[..., Any], request: LargeRequest) -> int:
    path, _, query = request.target.partition("?")
    headers = [(b"content-type", request.content_type.encode()), (b"content-length", b"%d" % len(request.body))]
    headers.append((b"x-api-key", _KEY.encode()))
    scope = {
        "type": "http", "http_version": "1.1", "method": request.method, "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "root_path": "", "headers": headers, "state": {}, "client": None,
        "scheme": "http", "server": ("127.0.0.1", 80), "asgi": {"version": "3.0"},
    }  # fmt: skip
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]

    await app(scope, receive, send)
    return status


def _json(content: object) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
