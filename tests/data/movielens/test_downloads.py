"""Downloads from a real web server on this machine: what is kept, refused, and said about it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from data.errors import CacheError, NoSourceError
from data.movielens import load_data_set
from data.movielens.download import default_cache
from data.movielens.publisher import HttpLimits
from tests.data.movielens.local_server import IMPATIENT, NOBODY, Respond, Server, promised, refusal, whole
from tests.data.movielens.miniatures import Miniature, miniature

Serve = Callable[[Respond], Server]


@pytest.fixture
def small() -> Miniature:
    return miniature("20m")


def left_in(cache: Path) -> list[str]:
    return sorted(file.name for file in cache.iterdir() if file.name != ".lock")


def test_what_the_publisher_serves_is_kept_and_not_asked_for_again(
    serve: Serve, small: Miniature, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(whole(small.content))
    caplog.set_level(logging.INFO, logger="data")
    first = load_data_set(small.at(server.url), cache=tmp_path / "made" / "on demand")
    second = load_data_set(small.at(server.url), cache=tmp_path / "made" / "on demand")
    assert first.source == f"the publisher ({server.url})"
    assert second.source == "the cache (ml-20m.zip)"
    assert first.sha256 == second.sha256
    assert len(server.asked_for) == 1
    assert left_in(tmp_path / "made" / "on demand") == ["ml-20m.zip"]
    assert [first.source in caplog.messages[0], second.source in caplog.messages[1]] == [True, True]


def test_a_cache_that_is_complete_is_only_read(small: Miniature, tmp_path: Path) -> None:
    small.write(tmp_path)
    load_data_set(small.at(NOBODY), cache=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["ml-20m.zip"]


def test_a_tampered_archive_in_the_cache_is_refused_and_fetched_again(
    serve: Serve, small: Miniature, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = serve(whole(small.content))
    cached = small.write(tmp_path)
    cached.write_bytes(small.content[:-1] + b"!")
    ratings = load_data_set(small.at(server.url), cache=tmp_path)
    assert ratings.source == f"the publisher ({server.url})"
    assert cached.read_bytes() == small.content
    assert "ml-20m.zip is not as published: its checksum is another; it is removed and fetched again" in caplog.text


def test_a_tampered_archive_in_the_cache_is_removed_even_if_nobody_can_replace_it(
    small: Miniature, tmp_path: Path
) -> None:
    small.write(tmp_path).write_bytes(b"PK tampered with")
    with pytest.raises(NoSourceError):
        load_data_set(small.at(NOBODY), cache=tmp_path, limits=IMPATIENT)
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("respond", "complaint"),
    [
        (
            whole(b"<html>Please log in to this network</html>"),
            "ml-20m.zip came altered or truncated: its checksum",
        ),
        (promised(b"PK", 100), "it hung up in the middle of the file"),
        (refusal(404), "it answered 404 Not Found"),
        (refusal(503), "it answered 503 Service Unavailable"),
    ],
)
def test_a_publisher_that_does_not_serve_the_archive_is_named_with_the_reason(
    serve: Serve, small: Miniature, tmp_path: Path, respond: Respond, complaint: str
) -> None:
    server = serve(respond)
    with pytest.raises(NoSourceError) as raised:
        load_data_set(small.at(server.url), cache=tmp_path, limits=IMPATIENT)
    assert f"the publisher ({server.url}): {complaint}" in str(raised.value)
    assert f"Get {server.url} by other means and give it as path, or put it into the cache" in str(raised.value)
    assert left_in(tmp_path) == []


def test_a_publisher_that_falls_silent_is_given_up(serve: Serve, small: Miniature, tmp_path: Path) -> None:
    def fall_silent(request: BaseHTTPRequestHandler) -> None:
        promised(small.content[:100], len(small.content))(request)
        request.rfile.read(1)  # until the other side hangs up

    server = serve(fall_silent)
    with pytest.raises(NoSourceError, match=r"it sent nothing for 0.3 s"):
        load_data_set(small.at(server.url), cache=tmp_path, limits=IMPATIENT)
    assert left_in(tmp_path) == []


def test_a_publisher_that_stumbles_is_asked_again(serve: Serve, small: Miniature, tmp_path: Path) -> None:
    def stumble_once(request: BaseHTTPRequestHandler) -> None:
        respond = refusal(503) if len(server.asked_for) == 1 else whole(small.content)
        respond(request)

    server = serve(stumble_once)
    ratings = load_data_set(small.at(server.url), cache=tmp_path, limits=IMPATIENT)
    assert ratings.source == f"the publisher ({server.url})"
    assert len(server.asked_for) == 2


def test_a_publisher_that_cannot_prove_who_it_is_gets_no_trust(serve: Serve, small: Miniature, tmp_path: Path) -> None:
    server = serve(whole(small.content))
    with pytest.raises(NoSourceError, match="no connection that its certificate secures"):
        load_data_set(small.at(f"https://{server.address}/ml-20m.zip"), cache=tmp_path, limits=IMPATIENT)
    assert server.asked_for == []


def test_a_publisher_that_nobody_answers_for_is_given_up_within_seconds() -> None:
    limits = HttpLimits()
    assert limits.connect_timeout * (1 + limits.connect_retries) + limits.backoff * limits.connect_retries < 8


@pytest.mark.parametrize("place", ["a file", "a file/below it"])
def test_a_cache_that_cannot_be_written_is_named_with_a_way_out(small: Miniature, tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_bytes(b"not a directory")
    with pytest.raises(CacheError) as raised:
        load_data_set(small.at(NOBODY), cache=tmp_path / place)
    assert f"the cache {tmp_path / place} cannot be used" in str(raised.value)
    assert "RECSYS_CACHE" in str(raised.value)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc, which takes no files even of root")
def test_a_cache_in_a_file_system_that_takes_no_files_is_named(small: Miniature) -> None:
    with pytest.raises(CacheError, match="the cache /proc/recsys cannot be used"):
        load_data_set(small.at(NOBODY), cache=Path("/proc/recsys"))


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("RECSYS_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert default_cache() == tmp_path / "home/.cache/recsys"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/and/so/ignored")
    assert default_cache() == tmp_path / "home/.cache/recsys"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache() == tmp_path / "xdg/recsys"
    monkeypatch.setenv("RECSYS_CACHE", str(tmp_path / "chosen"))
    assert default_cache() == tmp_path / "chosen"


def test_the_cache_chosen_in_the_environment_is_the_one_used(
    small: Miniature, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small.write(tmp_path)
    monkeypatch.setenv("RECSYS_CACHE", str(tmp_path))
    assert load_data_set(small.at(NOBODY)).source == "the cache (ml-20m.zip)"


def test_a_path_is_used_in_place_of_every_other_source(serve: Serve, small: Miniature, tmp_path: Path) -> None:
    server = serve(whole(small.content))
    path = small.write(tmp_path)
    ratings = load_data_set(small.at(server.url), path=path, cache=tmp_path / "cache")
    assert ratings.source == f"the file {path}"
    assert server.asked_for == []
    assert not (tmp_path / "cache").exists()
