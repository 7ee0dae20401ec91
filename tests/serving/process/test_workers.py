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
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.serving.conftest import ROOT, Server, StartProcess
from tests.serving.eventually import eventually
from tests.serving.films import export

pytestmark = pytest.mark.slow  # each starts a server of several processes

RATING = "/v1/ratings?user_id=1&item_id=14"


def workers_of(server: Server) -> list[int]:
    """Process ids of the workers."""
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


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


def mounted(folder: Path, size: str) -> bool:
    """Mount a small file system in memory; whether this user may."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


def fill(folder: Path) -> None:
    with (folder / "ballast").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


@pytest.mark.parametrize("size", ["3m", "64m"])
def test_a_full_temporary_folder_costs_no_answer(
    start_process: StartProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    """Too small for what workers share (3m), or full once they share it (64m)."""
    temporary = tmp_path / "temporary"
    if not mounted(temporary, size):
        pytest.skip("only root may mount a file system to fill")
    try:
        monkeypatch.setenv("TMPDIR", str(temporary))
        artifacts = tmp_path / "artifacts"
        old = export(artifacts)
        server = start_process(artifact=artifacts / "latest", workers=2, reload_seconds=0.05)
        eventually(lambda: len(workers_of(server)) == 2 and ask(server, "/health/ready").status_code == 200)
        if size == "64m":
            eventually(lambda: answering(server, old) == 2)
        before = workers_of(server)
        fill(temporary)
        for number in range(60):
            assert ask(server, RATING if number % 2 else f"/v1/users/{number}").status_code in (200, 404)
        assert ask(server, "/metrics").status_code == 200
        new = export(artifacts, more=0.25)
        eventually(lambda: {ask(server, RATING).json()["version"] for _ in range(10)} == {new})
        assert workers_of(server) == before
        server.process.terminate()
        assert server.process.wait(timeout=20) == 0
        text = server.log.read_text()
        assert "SIGBUS" not in text
        assert "own memory" in text or "to itself" in text
    finally:
        subprocess.run(["umount", "--lazy", str(temporary)], check=True)


@pytest.mark.parametrize(
    "damage",
    [b"", b"\xff", b"\x40\x00\x00\x00" + b"\xff" * 60, b"\x00\x00\x10\x00" + b"{" * 200],
    ids=["empty", "short", "no length of a key", "no key"],
)
def test_a_damaged_file_of_numbers_costs_its_numbers_alone(two: tuple[Server, Path, Path, str], damage: bytes) -> None:
    server, _, temporary, version = two
    (folder,) = temporary.glob("recsys-serving-*")
    for name in ("counter_1.db", "histogram_1.db", "gauge_livesum_1.db"):
        (folder / name).write_bytes(damage)
    response = ask(server, "/metrics")
    assert response.status_code == 200
    assert answering(server, version) == 2


def test_a_worker_that_takes_long_to_import_is_left_to_start_and_a_kill_is_explained(
    start_process: StartProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with little of a processor: where workers take 8 s, those with 300 s start, and one with 1 s is replaced."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\ntime.sleep(8 if 'serving.process.worker' in sys.orig_argv else 0)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    version = export(tmp_path / "artifacts")
    patient = start_process(artifact=tmp_path / "artifacts" / "latest", workers=2)
    eventually(lambda: answering(patient, version) == 2)
    assert "is killed" not in patient.log.read_text()

    hasty = {"RECSYS_WORKERS": "2", "RECSYS_STARTUP_SECONDS": "1", "RECSYS_PORT": "0"}
    log = tmp_path / "log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.app"], env={**os.environ, **hasty}, cwd=ROOT, stderr=file
        )
    eventually(lambda: "ended by SIGKILL" in log.read_text())
    assert "is killed: it did not start within 1 s (RECSYS_STARTUP_SECONDS)" in log.read_text()
    process.terminate()
    assert process.wait(timeout=20) == 0


def test_a_worker_that_stands_still_is_killed_for_a_reason(two: tuple[Server, Path, Path, str]) -> None:
    server, _, _, _ = two
    stopped, kept = workers_of(server)
    os.kill(stopped, signal.SIGSTOP)
    server.process.send_signal(signal.SIGTERM)
    eventually(lambda: not is_running(kept))
    assert server.process.wait(timeout=60) == 0
    assert f"worker {stopped} is killed: it did not stop in time" in server.log.read_text()
