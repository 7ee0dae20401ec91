"""The Python client, against a real server: every method, and problems as exceptions."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import requests

from serving.client import AuthenticationError, Client, InvalidRequestError, NotFoundError
from tests.serving.conftest import ROOT, StartProcess


@pytest.fixture
def client(films_server: httpx.Client) -> Iterator[Client]:
    """A client of the server of the films."""
    with Client(str(films_server.base_url)) as client:
        yield client


def test_every_route_has_a_method_that_gives_its_answer(client: Client, films_server: httpx.Client) -> None:
    post = films_server.post
    for answer, response in (
        (client.rating(1, 12), films_server.get("/v1/ratings?user_id=1&item_id=12")),
        (client.rating(1, 12, uncertainty=True), films_server.get("/v1/ratings?user_id=1&item_id=12&uncertainty=true")),
        (client.predictions([(1, 12)], uncertainty=True),
         post("/v1/predictions", json={"pairs": [{"user_id": 1, "item_id": 12}], "uncertainty": True})),
        (client.predictions([(1, 12)]), post("/v1/predictions", json={"pairs": [{"user_id": 1, "item_id": 12}]})),
        (client.recommendations(1, uncertainty=True), films_server.get("/v1/users/1/recommendations?uncertainty=true")),
        (client.recommendations(1, n=2), films_server.get("/v1/users/1/recommendations?n=2")),
        (client.recommendations(1, genre="Drama", exclude_seen=False, offset=1),
         films_server.get("/v1/users/1/recommendations?genre=Drama&exclude_seen=false&offset=1")),
        (client.explanation(1, 12), films_server.get("/v1/users/1/items/12/explanation")),
        (client.items("star"), films_server.get("/v1/items?query=star")),
        (client.item(13), films_server.get("/v1/items/13")),
        (client.similar(11, n=1, offset=1), films_server.get("/v1/items/11/similar?n=1&offset=1")),
        (client.fold_in({11: 5}, [12]),
         post("/v1/fold-in", json={"ratings": [{"item_id": 11, "rating": 5}], "item_ids": [12]})),
        (client.fold_in_explanation({11: 5}, 12, n=1),
         post("/v1/fold-in/explanation", json={"ratings": [{"item_id": 11, "rating": 5}], "item_id": 12, "n": 1})),
        (client.fold_in_next({11: 5}, exclude=[12], n=2),
         post("/v1/fold-in/next", json={"ratings": [{"item_id": 11, "rating": 5}], "exclude": [12], "n": 2})),
        (client.users(n=2, offset=1), films_server.get("/v1/users?n=2&offset=1")),
        (client.user(4), films_server.get("/v1/users/4")),
        (client.model(), films_server.get("/v1/model")),
    ):  # fmt: skip
        assert response.status_code == 200
        assert answer.model_dump(mode="json", exclude_unset=True) == response.json()


def test_answers_are_typed(client: Client) -> None:
    assert client.rating(1, 14).rating == pytest.approx(3.7)
    assert [r.title for r in client.recommendations(1).recommendations] == [
        "Empire Strikes Back, The", "Starman", "Brief Encounter",
    ]  # fmt: skip
    assert client.explanation(1, 12).parts.interaction == pytest.approx(1.0)


def test_a_problem_is_an_exception_that_says_what_was_wrong(client: Client) -> None:
    with pytest.raises(NotFoundError, match="item 99") as caught:
        client.rating(1, 99, strict=True)
    assert (caught.value.status, caught.value.title) == (404, "Not Found")
    assert caught.value.request_id
    with pytest.raises(InvalidRequestError, match="allows 4") as refused:
        client.predictions([(1, 10)] * 5)
    assert refused.value.status == 413


def test_the_key_is_sent(start_process: StartProcess, model: Path) -> None:
    url = str(start_process(artifact=model, api_key="correct-horse-battery").client.base_url)
    with Client(url, api_key="correct-horse-battery") as client:
        assert client.model().kind == "LinearNetwork"
    with Client(url) as client, pytest.raises(AuthenticationError, match="401"):
        client.model()


def test_a_server_that_is_not_there_is_a_request_exception() -> None:
    with Client("http://127.0.0.1:9", timeout=2) as client, pytest.raises(requests.RequestException):
        client.model()


def test_the_client_needs_neither_the_server_nor_the_models() -> None:
    modules = ("torch", "fastapi", "uvicorn", "numpy", "recsys")
    script = f"import sys, serving.client; print([m for m in {modules} if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=ROOT, text=True) == "[]\n"
