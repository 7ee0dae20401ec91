"""A real server process on a real socket, answering from a small artefact made here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest

from benchmarks.server_process import free_port
from recsys import artifact
from serving.app import main
from tests.serving import films
from tests.serving.answers import described_films

ROOT = Path(__file__).parents[2]
MATRIX = np.array([[1.5, 2.5], [3.5, 4.5], [0.0, 9.0]], np.float32)
StartServer = Callable[..., httpx.Client]
StartProcess = Callable[..., "Server"]
Refusal = Callable[[dict[str, str]], str]
KEY = "correct-horse-battery-staple"


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artefact with users 3, 7, 20 and items 10, 11."""
    manifest = artifact.Manifest(
        kind="LinearNetwork", recipe="test", rating_scale=(1.0, 5.0), rating_step=None, global_mean=3.5,
        split="0.9", seed=0, metrics={}, data_name="100k", data_sha256="ab",
        created="2026-01-01T00:00:00+00:00", configuration={},
    )  # fmt: skip
    arrays = {
        "matrix": MATRIX,
        "user_ids": np.array([3, 7, 20]),
        "item_ids": np.array([10, 11]),
        "user_means": np.array([0.5, -0.5, 0.25], np.float32),
        "item_means": np.array([1.0, -1.0], np.float32),
        "rating_users": np.array([0, 1, 2], np.int32),
        "rating_items": np.array([0, 1, 1], np.int32),
        "rating_values": np.array([2.0, 4.0, 5.0], np.float32),
    }
    items = artifact.ItemTable(("Amélie", "Brazil"), (2001, None), (("Comedy",), ()))
    return artifact.save(tmp_path_factory.mktemp("model"), manifest, arrays, items)


@dataclass(frozen=True)
class Server:
    """A running server, a client of it, and what it printed on both streams."""

    client: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def _starting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProcess]:
    """What starts servers; those that still run at the end are ended."""
    servers: list[Server] = []

    def start(*, through: Sequence[str] = (), **settings: object) -> Server:
        port = settings.setdefault("port", free_port())
        environment = {f"RECSYS_{name.upper()}": str(value) for name, value in settings.items()}
        log = tmp_path_factory.mktemp("server") / "log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*through, sys.executable, "-m", "serving.app"],
                env={**os.environ, **environment}, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT,
            )  # fmt: skip
        server = Server(httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10), process, log)
        servers.append(server)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                server.client.get("/health/live").raise_for_status()
                return server
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError(f"the server did not start: {log.read_text()}")

    yield start
    running = [server for server in servers if server.process.poll() is None]  # others were ended by a test
    for server in servers:
        server.client.close()
        server.process.terminate()
    for server in running:
        assert server.process.wait(timeout=60) == 0, server.log.read_text()


@pytest.fixture(scope="module")  # a hundred servers that only wait take a core of a small machine
def start_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProcess]:
    """`start_process(artifact=…, max_pairs=…)` starts a server with these settings; `through` is a command to do so."""
    with _starting(tmp_path_factory) as start:
        yield start


@pytest.fixture(scope="module")
def start_server(start_process: StartProcess) -> StartServer:
    """Like `start_process`, for tests that need only the client."""
    return lambda **settings: start_process(**settings).client


@pytest.fixture(scope="session")
def start_shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartServer]:
    """Like `start_server`, for tests of several modules."""
    with _starting(tmp_path_factory) as start:
        yield lambda **settings: start(**settings).client


@pytest.fixture(scope="session")
def server(start_shared_server: StartServer, model: Path) -> httpx.Client:
    """A server that is ready, and allows 4 pairs in a request."""
    return start_shared_server(artifact=model, max_pairs=4)


def _saved_films(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("films")
    return artifact.save(root, films.manifest(kind), films.arrays(kind), films.ITEMS)


@pytest.fixture(scope="session")
def films_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model in `tests.serving.films` as an artefact."""
    return _saved_films("LinearNetwork", tmp_path_factory)


@pytest.fixture(scope="session")
def films_server(start_shared_server: StartServer, films_model: Path) -> httpx.Client:
    """A server of the model in `tests.serving.films`, which allows 4 pairs in a request."""
    return start_shared_server(artifact=films_model, max_pairs=4)


@pytest.fixture(scope="session")
def many_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The films of `tests.serving.films.many` as an artefact."""
    return artifact.save(tmp_path_factory.mktemp("many"), films.manifest("LinearNetwork"), *films.many())


@pytest.fixture(scope="session")
def many_films_server(start_shared_server: StartServer, many_films: Path) -> httpx.Client:
    """A server of them."""
    return start_shared_server(artifact=many_films)


@pytest.fixture(scope="session")
def roomy_films_server(start_shared_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """A server of the model in `tests.serving.films`, which allows 100 pairs in a request and answers for it."""
    return start_shared_server(artifact=_saved_films("UserItemEmbedding", tmp_path_factory), max_pairs=100)


@pytest.fixture(scope="session")
def rating_server(
    start_shared_server: StartServer, films_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> httpx.Client:
    """A server of the films that keeps ratings in a file of SQLite, and allows 100 pairs; the client has the key."""
    database = f"sqlite:///{tmp_path_factory.mktemp('ratings') / 'ratings.db'}"
    client = start_shared_server(artifact=films_model, api_key=KEY, ratings_database=database, max_pairs=100)
    client.headers["X-API-Key"] = KEY
    return client


@pytest.fixture(scope="session")
def described_server(start_shared_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """A server of the films whose features the model knows, which allows 10 pairs in a request."""
    root = tmp_path_factory.mktemp("described")
    saved = artifact.save(root, films.manifest("BayesianEmbedding"), described_films.described(), films.ITEMS)
    return start_shared_server(artifact=saved, max_pairs=10)


@pytest.fixture(scope="session")
def empty_server(start_shared_server: StartServer, tmp_path_factory: pytest.TempPathFactory) -> httpx.Client:
    """A server without a model."""
    return start_shared_server(artifact=tmp_path_factory.mktemp("empty") / "none")


@pytest.fixture
def refusal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Refusal]:
    """`refusal({"HOST": …})` starts a server that refuses these settings, in this process; gives what it says."""
    before = signal.getsignal(signal.SIGHUP)
    monkeypatch.setattr("sys.argv", ["serving"])
    monkeypatch.setattr("serving.process.log.install", lambda: None)

    def refused(settings: dict[str, str]) -> str:
        for name, value in settings.items():
            monkeypatch.setenv(f"RECSYS_{name}", value)
        with pytest.raises(SystemExit) as ended:
            main()
        message = str(ended.value.code)  # printed to standard error, with exit status 1
        assert message.startswith("serving: ")
        return message

    yield refused
    signal.signal(signal.SIGHUP, before)
