"""Where a server listens, and how it stops: a Unix socket, a drain, and what is said when it cannot begin."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.serving import raw
from tests.serving.conftest import ROOT, StartProcess
from tests.serving.error_shapes import check
from tests.serving.eventually import eventually

PROBES = ("/health/ready", "/v2/health/ready", "/ping", "/health", "/v2/models/recsys/ready")
RATING = "/v1/ratings?user_id=3&item_id=10"


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_told_to_stop_is_not_ready_but_answers_for_a_while(
    start_process: StartProcess, model: Path, workers: int
) -> None:
    server = start_process(artifact=model, drain_seconds=5, workers=workers)  # enough on busy cores
    base = server.client.base_url
    eventually(lambda: httpx.get(f"{base}/health/ready").status_code == 200)
    server.process.send_signal(signal.SIGTERM)
    begun = time.monotonic()
    eventually(lambda: all(httpx.get(f"{base}/health/ready").status_code == 503 for _ in range(5)))
    for path in PROBES:
        response = httpx.get(f"{base}{path}")
        assert response.status_code == 503
        check(response)
    assert httpx.get(f"{base}{RATING}").status_code == 200
    assert httpx.get(f"{base}/health/live").status_code == 200
    assert server.process.wait(timeout=20) == 0
    assert time.monotonic() - begun > 1
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base}/health/live")


@pytest.mark.slow
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_second_signal_ends_the_drain(
    start_process: StartProcess, model: Path, second: signal.Signals, workers: int
) -> None:
    server = start_process(artifact=model, drain_seconds=3600, workers=workers)
    server.process.send_signal(signal.SIGTERM)
    time.sleep(1)
    assert server.process.poll() is None
    server.process.send_signal(second)
    assert server.process.wait(timeout=20) == 0


def test_no_request_fails_while_a_server_drains(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model, drain_seconds=1)
    failed: list[object] = []
    answered = 0

    def ask() -> None:
        nonlocal answered
        while server.client.get("/health/ready").status_code == 200:
            response = server.client.get(RATING)
            answered += 1
            if response.status_code != 200:
                failed.append(response)

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    asking.join(timeout=20)
    assert server.process.wait(timeout=20) == 0
    assert answered > 0
    assert failed == []


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_listens_on_a_unix_socket_also_in_place_of_a_dead_one(
    tmp_path: Path, model: Path, workers: str
) -> None:
    uds = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(uds))
    environment = {**os.environ, "RECSYS_ARTIFACT": str(model), "RECSYS_UDS": str(uds), "RECSYS_WORKERS": workers}
    command = [sys.executable, "-m", "serving.app"]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.PIPE) as process:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(uds)), base_url="http://server") as client:
            eventually(lambda: raw.listens(uds))
            eventually(lambda: client.get("/health/ready").status_code == 200)
            assert client.get(RATING).json()["rating"] == 1.5
        second = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        assert f"cannot listen on {uds}: Address already in use" in second.stderr
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0
    assert not uds.exists()


def test_a_port_that_is_taken_is_said_in_one_line(start_process: StartProcess, model: Path) -> None:
    port = str(start_process(artifact=model).client.base_url.port)
    for workers in ("1", "2"):
        environment = {**os.environ, "RECSYS_ARTIFACT": str(model), "RECSYS_PORT": port, "RECSYS_WORKERS": workers}
        ended = subprocess.run(
            [sys.executable, "-m", "serving.app"], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 1
        assert ended.stderr == f"serving: cannot listen on 127.0.0.1:{port}: Address already in use\n"
