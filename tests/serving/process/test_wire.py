"""What arrives on the socket, as other programs and bad networks send it."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import raw
from tests.serving.conftest import StartProcess
from tests.serving.error_shapes import check
from tests.serving.eventually import eventually

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
    check(response)


H2C = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[place : place + size] for place in range(0, len(data), size)]


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("size", [7, 150, 10_000])
@pytest.mark.parametrize("offer", [H2C, ("Connection: keep-alive, Upgrade", "Upgrade: websocket")])
def test_a_body_is_read_whatever_protocol_its_client_offers(
    server: httpx.Client, path: str, size: int, offer: tuple[str, ...]
) -> None:
    request = post(path, POSTS[path], *offer)
    last = post(path, POSTS[path], "Connection: close")
    responses = raw.ask(server, *pieces_of(request + request + last, size), path=path)
    assert [response.status_code for response in responses] == [200, 200, 200]
    assert responses[0].json() == responses[1].json() == responses[2].json()


def test_a_body_that_is_dropped_elsewhere_is_never_the_next_request(server: httpx.Client) -> None:
    hidden = b"GET /v1/model HTTP/1.1\r\nHost: x\r\n\r\n"
    first = post("/v1/predictions", hidden, *H2C)
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
    second = first.partition(b"\r\n\r\n")[0].replace(b"Content-Length: %d" % len(hidden), b"Transfer-Encoding: chunked")
    last = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    responses = raw.ask(server, first + second + b"\r\n\r\n" + chunked + last)
    assert [response.status_code for response in responses] == [422, 422, 200]
    assert responses[-1].json() == {"status": "live"}


def test_a_get_with_an_offer_is_answered_and_connect_is_refused(server: httpx.Client) -> None:
    head = "".join(f"{line}\r\n" for line in ("GET /health/live HTTP/1.1", "Host: x", *H2C)).encode()
    connect = b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n"
    answered, refused = raw.ask(server, head + b"\r\n", connect)
    assert answered.json() == {"status": "live"}
    assert refused.status_code == 405
    check(refused)


@pytest.mark.skipif(shutil.which("java") is None, reason="needs a JDK, such as Debian's openjdk-17-jdk-headless")
def test_the_client_of_the_jdk_is_answered(server: httpx.Client) -> None:
    arguments = [part for path, body in POSTS.items() for part in (f"{server.base_url}{path}", body.decode())]
    source = Path(__file__).with_name("Post.java")
    command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(source), *arguments, *arguments]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert [line.partition(" ")[0] for line in printed.splitlines()] == ["200"] * 2 * len(POSTS)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
@pytest.mark.parametrize("path", POSTS)
def test_curl_with_http2_is_answered(server: httpx.Client, path: str) -> None:
    command = [
        "curl",
        "--silent",
        "--http2",
        "--header",
        "Content-Type: application/json",
        "--data",
        POSTS[path].decode(),
    ]
    printed = subprocess.run([*command, f"{server.base_url}{path}"], capture_output=True, timeout=20, check=True).stdout
    headers = {"content-type": "application/json"}
    assert json.loads(printed) == server.post(path, content=POSTS[path], headers=headers).json()


MALFORMED = {
    "a greeting of TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "HTTP/2 without asking": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no method": b"\x00\x00\x00\r\n\r\n",
    "another version": b"GET /v1/model HTTP/9.9\r\nHost: x\r\n\r\n",
    "a header without a colon": b"GET /v1/model HTTP/1.1\r\nHost x\r\n\r\n",
    "a bad length": b"POST /v1/predictions HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /v1/predictions HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "length and chunks": b"POST /v1/predictions HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"0\r\n\r\n",
    "a bad chunk": b"POST /v1/predictions HTTP/1.1\r\nContent-Type: application/json\r\n"
    b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"pai\r\nxyz\r\n',
    "bytes in the address": b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
}


def test_what_is_no_http_is_answered_logged_and_counted_like_any_bad_request(
    start_process: StartProcess, model: Path
) -> None:
    server = start_process(artifact=model)
    for name, data in MALFORMED.items():
        responses = raw.ask(server.client, data)
        assert [response.status_code for response in responses] == [400], name
        check(responses[0])
        assert responses[0].headers["connection"] == "close"
        assert logged(server.log, responses[0].headers["x-request-id"])["status"] == 400
        assert "x-model-version" in responses[0].headers
    text = server.client.get("/metrics").text
    counted = sum(
        float(line.split()[1])
        for line in text.splitlines()
        if line.startswith("recsys_requests_total{") and '"400"' in line
    )
    assert counted == len(MALFORMED)
    assert "Traceback" not in server.log.read_text()


def test_what_is_no_http_has_the_shape_of_the_address_it_was_sent_to(server: httpx.Client) -> None:
    for path in ("/v2/models/recsys/infer", "/invocations", "/v1/predictions"):
        request = f"POST {path} HTTP/1.1\r\nContent-Length: x\r\n\r\n".encode()
        (response,) = raw.ask(server, request, path=path)
        check(response)


def test_an_answer_that_is_on_its_way_comes_before_the_refusal_of_what_follows(server: httpx.Client) -> None:
    first, second = raw.ask(server, post("/v1/predictions", PAIR) + b"\x00nonsense\r\n\r\n")
    assert (first.status_code, second.status_code) == (200, 400)
    check(second)


def test_a_client_that_hangs_up_with_requests_in_a_row_is_no_error_of_the_server(
    start_process: StartProcess, model: Path
) -> None:
    """The first is answered after a turn of a thread, when its connection may be gone."""
    server = start_process(artifact=model)
    for _ in range(60):
        with raw.connect(server.client) as connection:
            connection.sendall(post("/v1/predictions", b"{}") + b"GET /v1/model HTTP/1.1\r\nHost: x\r\n\r\n")
    logged(server.log, server.client.get("/health/live").headers["x-request-id"])
    server.process.terminate()
    server.process.wait(timeout=20)
    assert "Traceback" not in server.log.read_text()


def test_trailers_are_not_headers(server: httpx.Client) -> None:
    head = post("/v1/predictions", b"").replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked\r\nConnection: close"
    )
    trailer = b"%x\r\n%s\r\n0\r\nX-Request-ID: smuggled\r\n\r\n" % (len(PAIR), PAIR)
    (response,) = raw.ask(server, head + trailer)
    assert response.status_code == 200
    assert response.headers["x-request-id"] != "smuggled"
