"""Data sets that the publisher changes: no checksum is known, but a whole zip file is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.progress import Progress

from data.errors import ChecksumError, MissingFileError, NoSourceError
from data.movielens import load_data_set, publisher
from tests.data.movielens.local_server import IMPATIENT, NOBODY, Respond, Server, whole
from tests.data.movielens.miniatures import RATINGS, Miniature, miniature, packed

Serve = Callable[[Respond], Server]
NAMES = ("latest-small", "latest")


@pytest.fixture(params=NAMES)
def small(request: pytest.FixtureRequest) -> Miniature:
    return miniature(request.param)


def test_it_is_downloaded_once_and_kept(serve: Serve, small: Miniature, tmp_path: Path) -> None:
    server = serve(whole(small.content))
    first = load_data_set(small.at(server.url), cache=tmp_path)
    assert len(first) == len(RATINGS)
    assert load_data_set(small.at(NOBODY), cache=tmp_path).sha256 == first.sha256
    assert (tmp_path / small.data_set.published.filename).read_bytes() == small.content


def test_any_number_of_ratings_is_read_and_has_a_hash_of_its_own(tmp_path: Path) -> None:
    rows = b"userId,movieId,rating,timestamp\n7,50,4.5,900\n3,5,0.5,800\n"
    longer, shorter = miniature("latest-small"), miniature("latest-small", ratings=rows)
    hashes = {load_data_set(each.data_set, path=each.write(tmp_path)).sha256 for each in (longer, shorter)}
    assert len(hashes) == 2


@pytest.mark.parametrize("part", ["half a file", "a page"])
def test_what_is_no_whole_zip_file_is_refused_and_fetched_again(
    part: str, serve: Serve, small: Miniature, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = {"half a file": small.content[:200], "a page": b"<html>Please log in</html>"}[part]
    file = tmp_path / small.data_set.published.filename
    file.write_bytes(content)
    with pytest.raises(ChecksumError, match="it is no whole zip file"):
        load_data_set(small.data_set, path=file)
    with pytest.raises(NoSourceError, match="came altered or truncated: it is no whole zip file"):
        load_data_set(small.at(serve(whole(content)).url), cache=tmp_path, limits=IMPATIENT)
    assert "is not as published: it is no whole zip file; it is removed and fetched again" in caplog.text
    assert not file.exists()


def test_another_zip_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ml-latest.zip"
    file.write_bytes(packed({"other/ratings.csv": b"1,2,3,4\n"}))
    with pytest.raises(MissingFileError, match=r"has no member ml-latest/ratings\.csv"):
        load_data_set(miniature("latest").data_set, path=file)


def test_the_server_says_how_long_the_bar_is(
    serve: Serve, small: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    totals: list[float | None] = []
    add = Progress.add_task

    def noted(progress: Progress, description: str, total: float | None = None) -> object:
        totals.append(total)
        return add(progress, description, total=total)

    monkeypatch.setattr(Progress, "add_task", noted)
    publisher.download(serve(whole(small.content)).url, tmp_path / "file.zip", None, IMPATIENT)
    assert totals == [len(small.content)]
