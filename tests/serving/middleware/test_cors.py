"""Pages of other origins: who may ask from a browser, with the key, and what they may read."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import StartServer
from tests.serving.error_shapes import check

KEY = "correct-horse-battery-staple"
ORIGIN = "https://films.example"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, x-api-key, x-request-id",
}


@pytest.fixture(scope="module")
def client(start_server: StartServer, model: object) -> httpx.Client:
    """A client of a server with a key that allows two origins."""
    return start_server(artifact=model, api_key=KEY, cors_origins=f"{ORIGIN},http://localhost:3000")


@pytest.mark.parametrize("path", ["/v1/predictions", "/v2/models/recsys/infer", "/invocations", "/v1/model", "/"])
def test_a_preflight_brings_no_key_and_is_answered(client: httpx.Client, path: str) -> None:
    response = client.options(path, headers=PREFLIGHT)
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in response.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_pages_may_change_ratings_where_they_are_kept(
    start_server: StartServer, model: object, client: httpx.Client, method: str, tmp_path: Path
) -> None:
    wanted = {**PREFLIGHT, "Access-Control-Request-Method": method}
    database = f"sqlite:///{tmp_path}/ratings.db"
    keeping = start_server(artifact=model, api_key=KEY, cors_origins=ORIGIN, ratings_database=database)
    assert keeping.options("/v1/users/3/ratings/10", headers=wanted).status_code == 200
    assert client.options("/v1/users/3/ratings/10", headers=wanted).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"Origin": "https://films.example.org"},
        {"Origin": "null"},
        {"Access-Control-Request-Method": "DELETE"},
        {"Access-Control-Request-Headers": "x-other"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/predictions", "/v2/models/recsys/infer", "/invocations"])
def test_a_preflight_of_what_is_not_allowed_is_an_error_of_the_usual_shape(
    client: httpx.Client, path: str, wrong: dict[str, str]
) -> None:
    response = client.options(path, headers={**PREFLIGHT, **wrong})
    check(response)
    assert response.status_code == 400


def test_answers_and_errors_can_be_read_by_the_allowed_origins_alone(client: httpx.Client) -> None:
    for path, key, status in (("/v1/model", KEY, 200), ("/v1/model", "wrong", 401), ("/v1/items/1", KEY, 404)):
        for origin in (ORIGIN, "http://localhost:3000"):
            response = client.get(path, headers={"Origin": origin, "Authorization": f"Bearer {key}"})
            assert response.status_code == status
            assert response.headers["access-control-allow-origin"] == origin
            assert {"X-Request-ID", "X-Model-Version"} <= set(
                response.headers["access-control-expose-headers"].split(", ")
            )
            assert "Origin" in response.headers["vary"]
        foreign = client.get(path, headers={"Origin": "https://other.example", "Authorization": f"Bearer {key}"})
        assert (foreign.status_code, "access-control-allow-origin" in foreign.headers) == (status, False)


def test_without_the_setting_no_other_origin_may_ask(server: httpx.Client) -> None:
    response = server.options("/v1/predictions", headers=PREFLIGHT)
    check(response)
    assert response.status_code == 405
    assert not any(name.startswith("access-control") for name in response.headers)
    assert "access-control-allow-origin" not in server.get("/v1/model", headers={"Origin": ORIGIN}).headers


def test_any_origin_may_ask_where_that_is_set(start_server: StartServer, model: object) -> None:
    client = start_server(artifact=model, cors_origins="*")
    assert client.options("/v1/predictions", headers=PREFLIGHT).headers["access-control-allow-origin"] == "*"
    assert client.get("/v1/model", headers={"Origin": ORIGIN}).headers["access-control-allow-origin"] == "*"
