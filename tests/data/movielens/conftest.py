"""Fixtures for the tests of the data package."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from data.movielens import package_index
from data.movielens.catalogue import find
from data.movielens.checksums import matches
from data.movielens.download import default_cache
from tests.data.movielens.local_server import Respond, Server


@pytest.fixture
def serve() -> Iterator[Callable[[Respond], Server]]:
    """Start web servers that stop when the test ends."""
    with ExitStack() as servers:
        yield lambda respond: servers.enter_context(Server(respond).running())


@pytest.fixture(scope="session")
def recbole_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that carries 100k, from the user's cache if it is there."""
    wheel = find("100k").wheel
    assert wheel is not None
    cached = default_cache() / wheel.archive.filename
    if cached.is_file() and matches(cached, wheel.archive.checksum):
        return cached
    directory = tmp_path_factory.mktemp("wheel")
    package_index.download_wheel(wheel.project, wheel.version, directory)
    return directory / wheel.archive.filename
