"""Lines of the log: whole, in order, none lost while there is room, and no reader that can stop an answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from serving.process import log
from serving.process.log import LogWriter
from tests.serving import raw
from tests.serving.conftest import ROOT, StartProcess
from tests.serving.eventually import eventually


def test_lines_are_written_whole_in_order_and_never_so_many_that_another_process_could_cut_in() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing)
    lengths = [10] * 100 + [50_000] + [1000] * 5
    pieces = []

    def read() -> None:
        while piece := os.read(reading, 2**20):
            pieces.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    for number, length in enumerate(lengths):
        writer.add(json.dumps({"number": number, "path": "x" * length}).encode() + b"\n")
    writer.close()
    os.close(writing)
    reader.join()
    os.close(reading)
    lines = [json.loads(line) for line in b"".join(pieces).splitlines()]
    assert [line["number"] for line in lines] == list(range(len(lengths)))
    assert writer.lost == 0


def test_many_threads_lose_no_line(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as file:
        writer = LogWriter(file.fileno())
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: writer.add(b"%d\n" % number), range(5000)))
        writer.close()
    assert sorted(map(int, (tmp_path / "log").read_text().split())) == list(range(5000))


def test_a_log_that_cannot_be_written_costs_its_lines_alone() -> None:
    with Path("/dev/full").open("wb") as full:
        writer = LogWriter(full.fileno())
        for _ in range(3):
            writer.add(b"line\n")
        writer.close()
    assert writer.lost == 3


def test_where_nobody_reads_lines_are_lost_and_memory_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_MOST_BYTES", 10_000)
    monkeypatch.setattr(log, "_SECONDS_TO_FINISH", 0.1)
    reading, writing = os.pipe()
    writer = LogWriter(writing)
    for _ in range(1000):
        writer.add(b"x" * 999 + b"\n")
    writer.close()  # gives up
    assert 1000 - 2**16 // 1000 - 10 - 5 <= writer.lost < 1000
    os.close(reading)
    os.close(writing)


def test_every_request_before_an_orderly_end_is_in_the_log(start_process: StartProcess, model: Path) -> None:
    server = start_process(artifact=model)
    with ThreadPoolExecutor(8) as pool:
        ids = [f"request-{number}" for number in range(200)]
        statuses = pool.map(
            lambda name: server.client.get("/v1/ratings?user_id=3&item_id=10", headers={"X-Request-ID": name}), ids
        )
        assert {response.status_code for response in statuses} == {200}
    server.process.terminate()
    server.process.wait(timeout=20)
    lines = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    assert {line["request_id"] for line in lines} >= set(ids)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_reader_that_stalls_stops_neither_answers_nor_the_end(tmp_path: Path, model: Path, workers: int) -> None:
    """Its pipe is full of the first lines; the server then has to keep the lines, and to end without writing them."""
    uds = tmp_path / "socket"
    environment = {"RECSYS_ARTIFACT": str(model), "RECSYS_UDS": str(uds), "RECSYS_WORKERS": str(workers)}
    process = subprocess.Popen(
        [sys.executable, "-m", "serving.app"],
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert process.stdout is not None
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(uds)), base_url="http://server", timeout=10) as client:
        eventually(lambda: raw.listens(uds))
        eventually(lambda: client.get("/health/ready").status_code == 200)
        for _ in range(1000):  # of lines of some 200 bytes, where a pipe holds 65,536
            assert client.get("/health/live").status_code == 200
        assert "recsys_log_lines_lost_total 0.0" in client.get("/metrics").text
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert time.monotonic() - begun < 20
    process.stdout.close()
