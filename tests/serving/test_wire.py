"""What arrives on the socket, as other programs and bad networks send it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import raw
from tests.serving.conftest import StartProcess
from tests.serving.error_shapes import check
from tests.serving.test_reload import eventually

PAIR = b'{"pairs": [{"user_id": 3, "item_id": 10}]}'
TENSORS = (
    b'{"inputs": [{"name": "user_id", "shape": [1], "datatype": "INT64", "data": [3]}, '
    b'{"name": "item_id", "shape": [1], "datatype": "INT64", "data": [10]}]}'
)
POSTS = {"/v1/predictions": PAIR, "/invocations": b'{"inputs": [[3, 10]]}', "/v2/models/recsys/infer": TENSORS}


def post(path: str, body: bytes, *more: str) -> bytes:
    """A POST as bytes."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body


def log_lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


def logged(log: Path, request_id: str) -> dict[str, Any]:
    """The line of a request in the access log."""
    eventually(lambda: any(line["request_id"] == request_id for line in log_lines(log)))
    (found,) = (line for line in log_lines(log) if line["request_id"] == request_id)
    return found


def test_a_client_that_hangs_up_is_no_error_of_the_server(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model)
    requests = {f"half-of-{path.count('/')}": post(path, body) for path, body in POSTS.items()}
    for name, request in requests.items():
        with raw.connect(server.client) as connection:
            connection.sendall(request.replace(b"Host: x", f"Host: x\r\nX-Request-ID: {name}".encode())[:-5])
            time.sleep(0.05)
    for name in requests:
        assert logged(server.log, name)["status"] == 499
    assert "Traceback" not in server.log.read_text()
    text = server.client.get("/metrics").text
    assert 'status="499"' in text
    assert 'status="500"' not in text


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("length", ["0" * 4998 + "41", "9" * 5000, "9" * 25])
def test_a_length_of_thousands_of_digits_is_refused(server: httpx.Client, path: str, length: str) -> None:
    request = post(path, b"x" * 41, "Connection: close").replace(
        b"Content-Length: 41", f"Content-Length: {length}".encode()
    )
    (response,) = raw.ask(server, request, path=path)
    assert response.status_code == 400
    if response.headers["content-type"] != "text/plain; charset=utf-8":
        check(response)
