"""Ratings and processes: several workers share a database, which may be away for a while."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from benchmarks.faults.ratings.postgresql import PostgreSQL, programs
from tests.serving import error_shapes
from tests.serving.conftest import KEY, StartServer

HEADERS = {"X-API-Key": KEY}


@pytest.mark.slow
def test_what_one_worker_has_stored_the_others_know_at_once(
    start_server: StartServer, films_model: Path, url: str
) -> None:
    base = start_server(artifact=films_model, api_key=KEY, ratings_database=url, workers=2).base_url
    for number in range(20):
        with httpx.Client(base_url=base, headers=HEADERS) as one:  # each connection is accepted by either
            one.put(f"/v1/users/{600 + number}/ratings/11", json={"rating": 5}).raise_for_status()
        for _ in range(3):
            with httpx.Client(base_url=base, headers=HEADERS) as another:
                assert another.get(f"/v1/users/{600 + number}/ratings").json()["total"] == 1
                assert another.get(f"/v1/ratings?user_id={600 + number}&item_id=12").json()["source"] == "fold_in"


def test_ratings_outlive_the_server(start_server: StartServer, films_model: Path, tmp_path: Path) -> None:
    settings = {"artifact": films_model, "api_key": KEY, "ratings_database": f"sqlite:///{tmp_path}/ratings.db"}
    one, another = (start_server(**settings) for _ in range(2))
    put = one.put("/v1/users/1/ratings/12", json={"rating": 5}, headers=HEADERS)
    assert another.get("/v1/users/1/ratings/12", headers=HEADERS).json() == put.json()


@pytest.mark.slow
@pytest.mark.skipif(programs() is None and not os.environ.get("CI"), reason="PostgreSQL is not installed")
def test_while_the_database_is_away_the_server_says_so_and_then_goes_on(
    start_server: StartServer, films_model: Path
) -> None:
    with PostgreSQL() as database:
        client = start_server(artifact=films_model, api_key=KEY, ratings_database=database.url)
        client.headers.update(HEADERS)
        client.put("/v1/users/1/ratings/12", json={"rating": 5}).raise_for_status()
        database.kill()
        for answer in (
            client.put("/v1/users/1/ratings/13", json={"rating": 5}),
            client.get("/v1/users/1/ratings"),
            client.get("/v1/ratings?user_id=1&item_id=12"),
            client.get("/v1/users/1/recommendations"),
            client.delete("/v1/users/1"),
        ):
            error_shapes.check(answer)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert "the server's log says why" in answer.json()["detail"]
        assert client.get("/v1/items").status_code == client.get("/health/ready").status_code == 200
        database.start()
        assert client.get("/v1/users/1/ratings").json()["total"] == 1
        assert client.put("/v1/users/1/ratings/13", json={"rating": 5}).status_code == 201
