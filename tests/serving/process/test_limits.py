"""What one client may take: long heads, slow ones, slow bodies, idle connections, and very many of them."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

from tests.serving import raw
from tests.serving.conftest import Server, StartProcess
from tests.serving.error_shapes import check
from tests.serving.eventually import eventually
from tests.serving.process.test_wire import PAIR, logged, post

LIVE = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"


def memory(server: Server) -> float:
    """The most memory that a server has taken, in MB."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@pytest.fixture(scope="module")
def quick(start_process: StartProcess, model: Path) -> Server:
    """A server with short limits."""
    return start_process(
        artifact=model, max_header_bytes=2000, header_seconds=0.5, body_seconds=0.7, keep_alive_seconds=0.6
    )


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"x" * 2001,
        b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 600_000,
        b"GET / HTTP/1.1\r\n" + b"X-Many: x\r\n" * 300,
        b"GET / HTTP/1.1\r\n" + b"X-Many: x\r\n" * 300 + b"\r\n",
        b"x" * 2001,
    ],
)
@pytest.mark.parametrize("size", [1000, 100_000])
def test_a_long_head_is_refused(quick: Server, head: bytes, size: int) -> None:
    (response,) = raw.ask(quick.client, *(head[place : place + size] for place in range(0, len(head), size)))
    assert response.status_code in ((400, 431) if head.startswith(b"x") else (431,))
    check(response)
    assert logged(quick.log, response.headers["x-request-id"])["status"] == response.status_code


def test_a_head_of_the_allowed_length_is_answered(quick: Server) -> None:
    assert quick.client.get("/health/live", headers={"X-Long": "x" * 1500}).status_code == 200


def test_trailers_without_end_are_refused(quick: Server) -> None:
    head = post("/v1/predictions", b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    for flood in (b"X-Trailer: x\r\n" * 10_000, b"X-Trailer: " + b"x" * 600_000):
        begun = time.monotonic()
        (response,) = raw.ask(quick.client, head + b"0\r\n", flood)
        assert response.status_code == 431
        assert time.monotonic() - begun < 5


def test_a_connection_with_400_mb_of_headers_takes_no_memory(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model, api_key="correct-horse-battery-staple")
    before = memory(server)
    for line in (b"X-Many: " + b"x" * 1000 + b"\r\n", b"x" * 1000):
        with raw.connect(server.client) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nX-Long: x")
            with suppress(ConnectionError):
                for _ in range(2000):
                    connection.sendall(line * 200)
    assert memory(server) - before < 20


@pytest.mark.parametrize("begin", [b"GET /", b"GET / HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_trickles_in_is_refused(quick: Server, begin: bytes) -> None:
    with raw.connect(quick.client) as connection:
        connection.sendall(begin)
        with suppress(ConnectionError):
            for _ in range(12):
                connection.sendall(b"X")
                time.sleep(0.1)
        (response,) = raw.answers(connection)
    assert response.status_code == 408
    check(response)
    assert logged(quick.log, response.headers["x-request-id"])["status"] == 408


@pytest.mark.parametrize("length", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_trickles_in_is_refused(quick: Server, length: str) -> None:
    head = post("/v1/predictions", b"").replace(b"Content-Length: 0", length.encode())
    with raw.connect(quick.client) as connection:
        connection.sendall(head)
        (response,) = raw.answers(connection)
    assert response.status_code == 408
    check(response)
    assert response.headers["connection"] == "close"
    assert logged(quick.log, response.headers["x-request-id"])["status"] == 408


def test_what_is_thrown_away_after_an_answer_has_an_end_too(quick: Server) -> None:
    """A server that discards the rest of a body that it has refused must not do so for ever."""
    begun = time.monotonic()
    with raw.connect(quick.client) as connection, suppress(ConnectionError):
        connection.sendall(post("/v1/predictions", b"").replace(b"Length: 0", b"Length: 999999999"))
        while time.monotonic() - begun < 10:
            connection.sendall(b"x")
            time.sleep(0.05)
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("first", [b"", LIVE])
def test_an_idle_connection_is_closed(quick: Server, first: bytes) -> None:
    begun = time.monotonic()
    responses = raw.ask(quick.client, first)
    assert [response.status_code for response in responses] == [200] * bool(first)
    assert 0.5 < time.monotonic() - begun < 10


def test_a_client_that_does_not_read_its_answer_is_given_up(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model, body_seconds=0.7)
    request = post("/v1/predictions", b'{"pairs": [' + b",".join([PAIR[11:-2]] * 9000) + b"]}")
    with raw.connect(server.client, receive_buffer=4096) as connection:
        connection.sendall(request * 10)
        eventually(lambda: 'recsys_connections_ended_total{reason="slow"}' in server.client.get("/metrics").text)


def silent(stack: ExitStack, server: Server, number: int) -> list[socket.socket]:
    return [stack.enter_context(raw.connect(server.client)) for _ in range(number)]


def fresh(server: Server, path: str) -> httpx.Response:
    return httpx.get(f"{server.client.base_url}{path}", timeout=10)


def test_with_few_file_descriptors_and_many_idle_connections_health_is_answered(
    start_process: StartProcess, model: Path
) -> None:
    server = start_process(through=["prlimit", "--nofile=128"], artifact=model)
    with ExitStack() as stack:
        for _ in range(2):
            silent(stack, server, 100)
            for _ in range(20):
                assert fresh(server, "/health/ready").status_code == 200
        assert "ulimit -n" in server.log.read_text()
        eventually(lambda: "make room" in server.log.read_text())
        assert 'recsys_connections_ended_total{reason="room"}' in fresh(server, "/metrics").text


def test_the_connection_that_waits_longest_makes_room_and_none_that_is_answered(
    start_process: StartProcess, model: Path
) -> None:
    server = start_process(artifact=model, max_connections=3)
    server.client.close()
    with ExitStack() as stack:
        first, second, third = silent(stack, server, 3)
        time.sleep(0.2)
        first.sendall(LIVE)  # and no longer is the one that waits longest
        assert first.recv(15) == b"HTTP/1.1 200 OK"
        assert fresh(server, "/health/live").status_code == 200
        assert second.recv(1) == b""
        third.sendall(LIVE)
        assert third.recv(15) == b"HTTP/1.1 200 OK"


def test_where_all_connections_are_busy_another_is_refused_with_an_answer(
    start_process: StartProcess, model: Path
) -> None:
    server = start_process(artifact=model, max_connections=1)
    server.client.close()
    request = post("/v1/predictions", b'{"pairs": [' + b",".join([PAIR[11:-2]] * 9000) + b"]}")
    with raw.connect(server.client, receive_buffer=4096) as busy:
        busy.sendall(request * 10)  # whose answers are not read
        time.sleep(1)
        (response,) = raw.ask(server.client)
        assert response.status_code == 503
        check(response)
        assert int(response.headers["retry-after"]) > 0
        assert logged(server.log, response.headers["x-request-id"])["status"] == 503
