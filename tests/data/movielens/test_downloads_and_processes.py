"""Downloads by several processes, by a process that is killed, on a terminal and in a pipe."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

import data
from data.movielens import load_data_set
from tests.data.movielens.local_server import Respond, Server, whole
from tests.data.movielens.miniatures import Miniature, miniature

Serve = Callable[[Respond], Server]

LOAD = """
import sys
from pathlib import Path
from data.movielens import load_data_set
from tests.data.movielens.miniatures import miniature

print(load_data_set(miniature("20m").at(sys.argv[1]), cache=Path(sys.argv[2])).source)
"""
ROOT = Path(data.__file__).parents[1]


@pytest.fixture
def small() -> Miniature:
    return miniature("20m")


def loading(server: Server, cache: Path, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start a process that loads the miniature of 20m."""
    command = [sys.executable, "-c", LOAD, server.url, str(cache)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=stderr, text=True)


def slowly(content: bytes, seconds: float) -> Respond:
    """Answer with half of `content`, and after a while the other half."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[: len(content) // 2])
        time.sleep(seconds)
        request.wfile.write(content[len(content) // 2 :])

    return respond


def test_two_processes_that_need_the_same_archive_download_it_once(
    serve: Serve, small: Miniature, tmp_path: Path
) -> None:
    server = serve(slowly(small.content, 0.5))
    processes = [loading(server, tmp_path) for _ in range(2)]
    outputs = sorted(process.communicate(timeout=20)[0].strip() for process in processes)
    assert [process.returncode for process in processes] == [0, 0]
    assert outputs == ["the cache (ml-20m.zip)", f"the publisher ({server.url})"]
    assert len(server.asked_for) == 1


def test_a_killed_download_leaves_nothing_that_looks_finished_and_the_next_recovers(
    serve: Serve, small: Miniature, tmp_path: Path
) -> None:
    server = serve(slowly(bytes(1 << 20), 1))
    process = loading(server, tmp_path)
    deadline = time.monotonic() + 20
    while not any(file.stat().st_size for file in tmp_path.glob(".unfinished-*/ml-20m.zip")):
        assert time.monotonic() < deadline, "the download has not begun"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert list(tmp_path.glob(".unfinished-*")), "the process was killed before it was done"
    assert not (tmp_path / "ml-20m.zip").exists()

    next_server = serve(whole(small.content))
    ratings = load_data_set(small.at(next_server.url), cache=tmp_path)
    assert ratings.source == f"the publisher ({next_server.url})"
    assert sorted(file.name for file in tmp_path.iterdir()) == [".lock", "ml-20m.zip"]


def test_a_download_shows_its_progress_on_a_terminal(serve: Serve, small: Miniature, tmp_path: Path) -> None:
    terminal, its_other_end = pty.openpty()
    process = loading(serve(whole(small.content)), tmp_path, stderr=its_other_end)
    process.communicate(timeout=20)
    os.close(its_other_end)  # first, or else reading would wait for ever where nothing is shown
    shown = os.read(terminal, 1 << 16).decode()
    os.close(terminal)
    assert process.returncode == 0, shown
    assert "ml-20m.zip" in shown


def test_a_download_says_nothing_in_a_pipe(serve: Serve, small: Miniature, tmp_path: Path) -> None:
    process = loading(serve(whole(small.content)), tmp_path)
    assert process.communicate(timeout=20)[1] == ""
