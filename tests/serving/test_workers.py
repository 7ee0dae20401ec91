"""Several workers: one address, one copy of the model, and one set of numbers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import ROOT, Server, StartProcess
from tests.serving.test_reload import eventually, export

RATING = "/v1/ratings?user_id=1&item_id=14"


def workers_of(server: Server) -> list[int]:
    """Process ids of the workers; the parent has another child that minds shared resources."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def is_running(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def answering(server: Server, version: str) -> int:
    """How many workers answer from a version, as the metrics say."""
    found = re.search(rf'^recsys_model{{version="{version}"}} (\S+)$', ask(server, "/metrics").text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def ask(server: Server, path: str) -> httpx.Response:
    return httpx.get(f"{server.client.base_url}{path}", timeout=10)  # a connection of its own, so of either worker


@pytest.fixture
def two(start_process: StartProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Server, Path, Path, str]:
    """A server with two workers, its artefacts, its temporary files, and the version it answers from."""
    artifacts, temporary = tmp_path / "artifacts", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    version = export(artifacts)
    server = start_process(artifact=artifacts / "latest", workers=2, reload_seconds=3600)
    eventually(lambda: answering(server, version) == 2)
    return server, artifacts, temporary, version


def test_two_workers_share_one_copy_and_reload_count_and_stop_together(two: tuple[Server, Path, Path, str]) -> None:
    server, artifacts, temporary, old = two
    for _ in range(20):
        assert ask(server, RATING).status_code == 200
    requests = 'recsys_requests_total{endpoint="rating",method="GET",status="200"} 20.0'
    assert all(requests in ask(server, "/metrics").text.splitlines() for _ in range(5))  # whichever worker answers

    (copy,) = temporary.glob("recsys-serving-*/*.safetensors")
    for worker in workers_of(server):
        assert f"{copy.stat().st_ino} " in Path(f"/proc/{worker}/maps").read_text()
        assert str(copy) in Path(f"/proc/{worker}/maps").read_text()

    new = export(artifacts, more=0.25)
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: answering(server, new) == 2)
    assert answering(server, old) == 0
    assert {ask(server, RATING).json()["version"] for _ in range(20)} == {new}
    assert list(temporary.glob("recsys-serving-*/*.safetensors")) != [copy]

    body = json.dumps({"pairs": [{"user_id": 1, "item_id": 14}]}).encode()
    head = "POST /v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    address = (server.client.base_url.host, server.client.base_url.port or 0)
    with socket.create_connection(address, timeout=10) as asking:
        asking.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:5])
        time.sleep(0.2)
        server.process.terminate()
        time.sleep(1)
        assert server.process.poll() is None
        asking.sendall(body[5:])
        assert asking.recv(65536).startswith(b"HTTP/1.1 200")
    assert server.process.wait(timeout=10) == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", ["0"])
def test_a_senseless_number_of_workers_is_refused(number: str) -> None:
    command = [sys.executable, "-m", "serving.app", "--workers", number]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr.startswith("serving: workers: ")) == (1, True)


def test_a_killed_worker_is_replaced_and_none_outlives_its_parent(two: tuple[Server, Path, Path, str]) -> None:
    server, _, temporary, version = two
    for _ in range(10):
        ask(server, RATING)
    killed, kept = workers_of(server)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: len(workers_of(server)) == 2 and killed not in workers_of(server))
    eventually(lambda: answering(server, version) == 2)
    text = ask(server, "/metrics").text
    assert (
        'recsys_requests_total{endpoint="rating",method="GET",status="200"} 10.0' in text
    )  # also what the dead counted

    workers = workers_of(server)
    assert kept in workers
    server.process.kill()
    eventually(lambda: not any(is_running(worker) for worker in workers))
    assert list(temporary.iterdir()) == []
    server.process.wait()
