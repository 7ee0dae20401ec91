"""The client when things go wrong: it asks again where that may help, soon enough, and says what it met."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import NamedTuple

import httpx
import pytest
import requests
from typing_extensions import override

from serving.client import Client, ClientError, ProblemError, UnavailableError, UnreadableAnswerError

USER = b'{"version": "034e3cd22cf1", "user_id": 1, "n_ratings": 2, "mean_rating": 3.5}'
EMPTY = b'{"version": "034e3cd22cf1", "predictions": []}'


class Answer(NamedTuple):
    """What the server below does once."""

    status: int = 200
    body: bytes = USER
    headers: tuple[tuple[str, str], ...] = ()


HANG_UP = Answer(status=0)
SLEEP = Answer(status=-1)


class Scripted(ThreadingHTTPServer):
    """A server that gives these answers in turn, then the last for ever; what it is asked is kept."""

    def __init__(self) -> None:
        """Listen on a free port."""
        self.answers = [Answer()]
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.done = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """Gives the next answer."""

    server: Scripted
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        script = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        script.asked.append((self.command, self.path, dict(self.headers)))
        answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
        if answer == SLEEP:
            script.done.wait(timeout=20)
        if answer in (HANG_UP, SLEEP):
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in (*answer.headers, ("Content-Length", str(len(answer.body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_GET  # noqa: N815  # the library's name

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def script() -> Iterator[Scripted]:
    """A server whose answers a test sets."""
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.done.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long urllib3 waits between two requests, instead of the waiting."""
    waits: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waits.append)
    return waits


def test_a_server_that_cannot_answer_now_is_asked_again_after_the_time_that_it_says(
    script: Scripted, waits: list[float]
) -> None:
    script.answers = [Answer(503, b"", (("Retry-After", "7"),)), Answer(429, b"", (("Retry-After", "2"),)), Answer()]
    with Client(script.url) as client:
        assert client.user(1).n_ratings == 2
    assert len(script.asked) == 3
    assert 7 <= waits[0] <= 10.5
    assert 2 <= waits[1] <= 3


@pytest.mark.parametrize("headers", [(), (("Retry-After", "soon"),)])
def test_it_waits_ever_longer_where_the_server_does_not_say_how_long(
    script: Scripted, waits: list[float], headers: tuple[tuple[str, str], ...]
) -> None:
    script.answers = [Answer(502, b"<html>", headers)] * 3 + [Answer()]
    with Client(script.url) as client:
        client.user(1)
    assert [low <= wait <= 2 * low for low, wait in zip((0.2, 0.4, 0.8), waits, strict=True)] == [True] * 3


def test_a_date_is_understood_and_no_wait_is_too_long(script: Scripted, waits: list[float]) -> None:
    script.answers = [Answer(503, b"", (("Retry-After", formatdate(time() + 10, usegmt=True)),)), Answer()]
    with Client(script.url) as client:
        client.user(1)
        assert 5 < waits[0] <= 15
        for hours_away in ("3600", formatdate(time() + 3600, usegmt=True)):
            script.answers = [Answer(503, b"", (("Retry-After", hours_away),))]
            with pytest.raises(UnavailableError, match="503"):
                client.user(1)
    assert len(waits) == 1


def test_it_gives_up_after_so_many_times_and_says_what_it_was_told(script: Scripted, waits: list[float]) -> None:
    problem = b'{"title": "Service Unavailable", "status": 503, "detail": "No model is loaded."}'
    script.answers = [Answer(503, problem, (("Retry-After", "1"), ("X-Request-ID", "7")))]
    for retries in (0, 2):
        script.asked.clear()
        with Client(script.url, retries=retries) as client, pytest.raises(UnavailableError, match="No model") as caught:
            client.user(1)
        assert (caught.value.status, caught.value.request_id, len(script.asked)) == (503, "7", retries + 1)


@pytest.mark.parametrize(("lost", "requests_made", "answered"), [(1, 2, True), (2, 2, False)])
def test_a_lost_connection_is_made_again_once(
    script: Scripted, waits: list[float], lost: int, requests_made: int, answered: bool
) -> None:
    script.answers = [HANG_UP] * lost + [Answer(body=EMPTY)]
    with Client(script.url) as client:
        if answered:
            assert client.predictions([(1, 2)]).predictions == []
        else:
            with pytest.raises(requests.ConnectionError):
                client.predictions([(1, 2)])
    assert [method for method, _, _ in script.asked] == ["POST"] * requests_made


def test_an_answer_that_takes_too_long_is_a_timeout_and_not_asked_for_again(script: Scripted) -> None:
    script.answers = [SLEEP]
    with Client(script.url, timeout=(3, 0.1)) as client, pytest.raises(requests.Timeout):
        client.user(1)
    assert len(script.asked) == 1


@pytest.mark.parametrize(("status", "body"), [(418, b""), (500, b"oh"), (502, b"<html>"), (404, b"{}")])
def test_an_error_in_another_form_is_a_problem_all_the_same(
    script: Scripted, waits: list[float], status: int, body: bytes
) -> None:
    script.answers = [Answer(status, body)]
    with Client(script.url) as client, pytest.raises(ProblemError, match=str(status)) as caught:
        client.user(1)
    assert caught.value.status == status
    assert isinstance(caught.value, UnavailableError) == (status == 502)


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b"[]", b'{"user_id": "one"}', b"\xff"])
def test_an_answer_of_something_else_is_told_from_one_of_the_server(script: Scripted, body: bytes) -> None:
    script.answers = [Answer(200, body, (("Content-Type", "text/html"),))]
    with Client(script.url) as client, pytest.raises(UnreadableAnswerError, match=r"text/html.*UserResponse"):
        client.user(1)


def test_the_key_follows_no_redirect(script: Scripted) -> None:
    with Scripted() as elsewhere:
        script.answers = [Answer(307, b"", (("Location", f"{elsewhere.url}/v1/users/1"),))]
        with Client(script.url, api_key="correct-horse-battery") as client, pytest.raises(ClientError):
            client.user(1)
        assert script.asked[0][2]["X-API-Key"] == "correct-horse-battery"
        assert elsewhere.asked == []


def test_a_path_prefix_is_part_of_the_address(script: Scripted) -> None:
    with Client(f"{script.url}/films/") as client:
        client.user(1)
    assert script.asked[0][1] == "/films/v1/user?user_id=1"


def test_a_server_without_a_model_is_unavailable(empty_server: httpx.Client, waits: list[float]) -> None:
    with Client(str(empty_server.base_url)) as client, pytest.raises(UnavailableError, match="make train"):
        client.model()
    assert len(waits) == 3
    assert all(1 <= wait <= 1.5 for wait in waits)
