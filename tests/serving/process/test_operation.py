"""Running a server: who may ask, request ids, the access log, metrics, long bodies, an orderly end."""

from __future__ import annotations

import json
import re
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import Refusal, StartProcess
from tests.serving.eventually import eventually

KEY = "correct-horse-battery-staple"
RATING = "/v1/ratings?user_id=3&item_id=10"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_an_address_that_others_can_reach_is_refused_without_a_key_or_the_switch(refusal: Refusal, host: str) -> None:
    message = refusal({"HOST": host})
    assert "RECSYS_API_KEY" in message
    assert "RECSYS_ALLOW_UNAUTHENTICATED" in message


@pytest.mark.parametrize("settings", [{"api_key": KEY}, {"allow_unauthenticated": True}])
def test_with_a_key_or_the_switch_the_server_listens_on_any_address(
    start_process: StartProcess, model: Path, settings: dict[str, object]
) -> None:
    assert start_process(artifact=model, host="0.0.0.0", **settings).client.get("/health/ready").status_code == 200


@pytest.mark.parametrize("key", ["tooshort", "", "schlüssel-schlüssel", "sixteen\tcharacters"])
def test_a_key_that_cannot_be_used_is_refused_and_not_shown(refusal: Refusal, key: str) -> None:
    message = refusal({"API_KEY": key})
    assert "api_key" in message
    assert not key or key not in message


def test_only_the_holder_of_the_key_is_answered_and_the_key_is_not_logged(
    start_process: StartProcess, model: Path
) -> None:
    server = start_process(artifact=model, api_key=KEY)
    for path in (RATING, "/metrics", "/nowhere", "/health/live/", "/v1/predictions"):
        for wrong in (b"", KEY[:-1].encode(), KEY.encode() + b" x", b"\xff"):
            response = server.client.get(path, headers={b"X-API-Key": wrong})
            assert (response.status_code, response.headers["content-type"]) == (401, "application/problem+json")
            assert response.json().keys() == {"title", "status", "detail"}
            assert "www-authenticate" in response.headers
    assert server.client.get(RATING, headers={"X-API-Key": KEY}).status_code == 200
    assert server.client.get("/metrics", headers={"Authorization": f"bearer {KEY}"}).status_code == 200
    for authorization in ("Bearer", f"Basic {KEY}", KEY, f"Bearer {KEY[:-1]}", f"Bearer {KEY} x"):
        response = server.client.get(RATING, headers={"Authorization": authorization})
        assert response.status_code == 401
        invalid = authorization.startswith("Bearer ")
        challenge = 'Bearer realm="recsys"' + ', error="invalid_token"' * invalid
        assert response.headers["www-authenticate"] == challenge
    assert server.client.get("/health/ready").status_code == 200
    document = server.client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["APIKeyHeader"]["name"] == "X-API-Key"
    server.client.get(f"/v1/ratings?user_id=3&item_id=10&key={KEY}")
    server.process.terminate()
    server.process.wait(timeout=20)
    assert "401" in server.log.read_text()
    assert KEY not in server.log.read_text()


def test_a_request_id_comes_back_or_is_made(server: httpx.Client) -> None:
    for path in (RATING, "/v1/ratings", "/nowhere", "/health/live"):
        assert server.get(path, headers={"X-Request-ID": "a.b_c-1"}).headers["x-request-id"] == "a.b_c-1"
        for bad in (b"", b"a b", b"x" * 129, b"\xe4", b"<script>"):
            made = server.get(path, headers={b"X-Request-ID": bad}).headers["x-request-id"]
            assert re.fullmatch("[0-9a-f]{32}", made)


def test_every_answer_names_the_version_of_the_model(server: httpx.Client) -> None:
    version = server.get("/v1/model").json()["version"]
    for path in (RATING, "/v1/ratings", "/nowhere", "/health/live", "/metrics", "/openapi.json"):
        assert server.get(path).headers["x-model-version"] == version


def test_the_access_log_has_a_json_line_for_each_request(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model)
    server.client.get(f"{RATING}&secret=1", headers={"X-Request-ID": "first"})
    server.client.get("/now%0Ahere", headers={"X-Request-ID": "second"})
    version = server.client.get("/v1/model").json()["version"]
    eventually(lambda: '"second"' in server.log.read_text())
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    first, second = (next(line for line in lines if line["request_id"] == name) for name in ("first", "second"))
    assert (first["method"], first["path"], first["status"]) == ("GET", "/v1/ratings", 422)
    assert first["version"] == version
    assert first["milliseconds"] > 0
    assert (second["path"], second["status"]) == ("/now\nhere", 404)
    assert "secret" not in server.log.read_text()


def test_prometheus_reads_requests_by_endpoint_and_the_model(start_process: StartProcess, model: Path) -> None:
    client = start_process(artifact=model).client
    for item in (10, 11, 12):
        assert client.get(f"/v1/items/{item}").status_code == (404 if item == 12 else 200)
    client.request("PROPFIND", "/nowhere")
    response = client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    version = client.get("/v1/model").json()["version"]
    for line in (
        'recsys_requests_total{endpoint="item",method="GET",status="200"} 2.0',
        'recsys_requests_total{endpoint="item",method="GET",status="404"} 1.0',
        'recsys_requests_total{endpoint="none",method="other",status="404"} 1.0',
        'recsys_request_seconds_count{endpoint="item"} 3.0',
        f'recsys_model{{version="{version}"}} 1.0',
        'recsys_model_loads_total{outcome="loaded"} 1.0',
    ):
        assert line in response.text.splitlines()
    assert "process_resident_memory_bytes" in response.text


def test_a_body_that_is_too_long_is_refused_whether_or_not_it_says_so(start_process: StartProcess, model: Path) -> None:
    client = start_process(artifact=model, max_body_bytes=1000).client
    fitting = json.dumps({"pairs": [{"user_id": 3, "item_id": 10}]}).ljust(1000).encode()
    for body, status in ((fitting, 200), (fitting + b" ", 413)):
        headers = {"content-type": "application/json"}
        declared = client.post("/v1/predictions", content=body, headers=headers)
        chunked = client.post("/v1/predictions", content=iter([body[:500], body[500:]]), headers=headers)
        for response in (declared, chunked):
            assert response.status_code == status
            assert status == 200 or response.json().keys() == {"title", "status", "detail"}


def test_a_server_that_is_told_to_stop_finishes_what_it_is_answering(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model)
    body = json.dumps({"pairs": [{"user_id": 7, "item_id": 11}]}).encode()
    head = "POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    address = (server.client.base_url.host, server.client.base_url.port or 0)
    with socket.create_connection(address, timeout=10) as asking:
        asking.sendall(head.encode() + body[:5])
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert server.process.poll() is None
        asking.sendall(body[5:])
        answer = asking.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert server.process.wait(timeout=5) == 0
