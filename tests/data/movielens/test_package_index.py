"""100k from the wheel, by pip, from a package index on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from data.errors import NoSourceError
from data.movielens import load_data_set
from data.movielens.catalogue import DataSet, find
from tests.data.movielens.local_server import IMPATIENT, NOBODY, Respond, Server, refusal, whole

Serve = Callable[[Respond], Server]
WHEEL = "recbole-1.2.1-py3-none-any.whl"


@pytest.fixture
def unpublished() -> DataSet:
    """Return the entry of 100k with a publisher that cannot be reached."""
    return replace(find("100k"), url=NOBODY)


@pytest.fixture
def use_index(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set this machine up with one package index and no other."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    return lambda url: monkeypatch.setenv("PIP_INDEX_URL", url)


def index_of(wheel: bytes) -> Respond:
    """Answer the way a package index does that has nothing but this wheel (PEP 503)."""

    def respond(request: BaseHTTPRequestHandler) -> None:
        match request.path:
            case "/simple/recbole/":
                page = f'<!DOCTYPE html><html><body><a href="/{WHEEL}">{WHEEL}</a></body></html>'
                request.send_response(200)
                request.send_header("Content-Type", "text/html")
                request.end_headers()
                request.wfile.write(page.encode())
            case path if path == f"/{WHEEL}":
                whole(wheel)(request)
            case _:
                refusal(404)(request)

    return respond


def test_where_the_publisher_cannot_be_reached_the_wheel_comes_from_the_index_that_is_set_up(
    serve: Serve,
    use_index: Callable[[str], None],
    unpublished: DataSet,
    recbole_wheel: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    index = serve(index_of(recbole_wheel.read_bytes()))
    use_index(f"http://{index.address}/simple/")
    ratings = load_data_set(unpublished, cache=tmp_path, limits=IMPATIENT)
    assert ratings.source == "the PyPI wheel recbole 1.2.1"
    assert index.asked_for[-1] == f"/{WHEEL}"
    assert f"MovieLens 100k: the publisher ({NOBODY}) was not used: it could not be reached" in caplog.text
    again = load_data_set(unpublished, cache=tmp_path, limits=IMPATIENT)
    assert again.source == f"the cache ({WHEEL})"
    assert again.sha256 == ratings.sha256


def test_a_wheel_that_is_not_the_one_that_was_pinned_is_refused(
    serve: Serve, use_index: Callable[[str], None], unpublished: DataSet, recbole_wheel: Path, tmp_path: Path
) -> None:
    index = serve(index_of(recbole_wheel.read_bytes() + b"and more"))
    use_index(f"http://{index.address}/simple/")
    with pytest.raises(NoSourceError, match=rf"the PyPI wheel recbole 1.2.1: {WHEEL} came altered or truncated"):
        load_data_set(unpublished, cache=tmp_path, limits=IMPATIENT)
    assert not (tmp_path / WHEEL).exists()


def test_if_nobody_serves_every_source_is_listed_with_its_reason(
    use_index: Callable[[str], None], unpublished: DataSet, tmp_path: Path
) -> None:
    use_index("http://127.0.0.1:1/simple/")
    with pytest.raises(NoSourceError) as raised:
        load_data_set(unpublished, cache=tmp_path, limits=IMPATIENT)
    first, publisher, wheel, remedy = str(raised.value).splitlines()
    assert first == "MovieLens 100k could not be had from anybody:"
    assert publisher.startswith(f"  the publisher ({NOBODY}): it could not be reached: ")
    assert "Connection refused" in publisher
    assert wheel.startswith("  the PyPI wheel recbole 1.2.1: pip said: ERROR: No matching distribution found")
    assert remedy == f"Get {NOBODY} by other means and give it as path, or put it into the cache {tmp_path}."
