"""The folder of prepared ratings is whole or not there: idempotence, replacing, damage, kill -9."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import PreparedFolderError, UnknownFormatError
from data.prepared import Prepared, prepare
from data.tables import read_ratings

CONTENT = "user,item,rating\na,x,1\nb,x,2\nb,y,5\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "plays.csv"
    file.write_text(CONTENT)
    return file


def state(folder: Path) -> dict[str, tuple[int, bytes]]:
    """When each file of a folder was written, and what it holds."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_the_same_source_is_prepared_once(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "prepared"
    assert prepare(file, folder, scale="0,5")
    before = state(folder)
    assert not prepare(file, folder, scale="0,5")
    assert state(folder) == before
    assert [path.name for path in folder.parent.iterdir()] == ["prepared"]


@pytest.mark.parametrize("change", [{"scale": "0,5"}, {"duplicates": "last"}, {"columns": {"rating": "rating"}}])
def test_other_options_need_leave_to_replace(change: dict[str, Any], file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    prepare(file, folder)
    before = state(folder)
    with pytest.raises(PreparedFolderError, match=r"Name another folder, or say --replace\.$"):
        prepare(file, folder, **change)
    assert state(folder) == before
    assert prepare(file, folder, **change, replace=True)
    assert not prepare(file, folder, **change)


def test_a_source_that_has_changed_needs_leave_to_replace(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    prepare(file, folder)
    file.write_text(CONTENT + "c,y,3\n")
    with pytest.raises(PreparedFolderError, match="from another state of it"):
        prepare(file, folder)
    assert prepare(file, folder, replace=True)
    assert len(Prepared(folder).ratings) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plays.csv", "prepared"]


def test_a_folder_of_something_else_is_left_alone(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "diary.txt").write_text("dear diary")
    for replace in (False, True):
        with pytest.raises(PreparedFolderError, match="is there, and holds no prepared ratings"):
            prepare(file, folder, replace=replace)
    assert [path.name for path in folder.iterdir()] == ["diary.txt"]


def test_an_empty_folder_may_be_there(file: Path, tmp_path: Path) -> None:
    (tmp_path / "prepared").mkdir()
    assert prepare(file, tmp_path / "prepared")


def test_two_processes_do_not_prepare_one_folder_at_once(file: Path, tmp_path: Path) -> None:
    unfinished = tmp_path / ".prepared.unfinished"
    unfinished.mkdir()
    handle = os.open(unfinished, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(PreparedFolderError, match="another process prepares"):
        prepare(file, tmp_path / "prepared")
    os.close(handle)
    assert prepare(file, tmp_path / "prepared")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("users.npy", None, "users.npy is missing or damaged"),
        ("by_item/rows.npy", b"", "rows.npy is missing or damaged"),
        ("prepared.json", b"{", "prepared.json cannot be read"),
        ("prepared.json", b'{"format": 7}', "has format 7, and 1 is read"),
        ("prepared.json", b'{"format": 1, "scale": [1, 5, 1]}', "prepared.json is not whole"),
    ],
)
def test_what_is_damaged_is_refused_and_prepared_again(
    name: str, content: bytes | None, message: str, file: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "prepared"
    prepare(file, folder)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(PreparedFolderError, match=message):
        there = Prepared(folder)
        _ = there.ratings, there.by_user, there.by_item
    assert prepare(file, folder, replace=name == "prepared.json")
    assert len(Prepared(folder).ratings) == 3


def test_an_array_that_is_cut_short_is_refused(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    prepare(file, folder)
    np.save(folder / "ratings.npy", np.ones(2, np.float32))
    with pytest.raises(PreparedFolderError, match=r"holds float32\(2,\), not float32\(3,\)\. Prepare it again"):
        _ = Prepared(folder).ratings
    (folder / "users.npy").write_bytes((folder / "users.npy").read_bytes()[:-4])
    with pytest.raises(PreparedFolderError, match=r"users\.npy is missing or damaged"):
        _ = Prepared(folder).ratings


def test_the_manifest_says_of_what_it_is(file: Path, tmp_path: Path) -> None:
    prepare(file, tmp_path / "prepared")
    said = json.loads((tmp_path / "prepared" / "prepared.json").read_text())
    assert (said["format"], said["n_ratings"], said["n_users"], said["n_items"]) == (1, 3, 2, 2)
    assert said["made_from"]["source"] == str(file)
    assert said["versions"].keys() == {"python", "recsys", "numpy", "pyarrow", "duckdb"}
    assert len(said["sha256"]) == 64


def test_a_folder_without_prepared_ratings_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(PreparedFolderError, match="Make them: recsys prepare SOURCE --out"):
        Prepared(tmp_path)


def test_where_a_table_is_wanted_the_folder_is_refused_with_what_takes_it(file: Path, tmp_path: Path) -> None:
    prepare(file, tmp_path / "prepared")
    for wants_a_table in (read_ratings, lambda folder: prepare(folder, tmp_path / "again")):
        with pytest.raises(UnknownFormatError, match="Train from them: --data PreparedDataModule"):
            wants_a_table(tmp_path / "prepared")


@pytest.mark.slow
@pytest.mark.parametrize("at", ["scratch/user_codes.npy", "users.npy", "by_user/items.npy", "by_item/users.npy"])
def test_killed_at_any_moment_it_starts_anew(at: str, tmp_path: Path) -> None:
    n = 400_000
    file, folder, unfinished = tmp_path / "plays.csv", tmp_path / "prepared", tmp_path / ".prepared.unfinished"
    rows = np.random.default_rng(1).permutation(n).tolist()
    file.write_text("user,item,rating\n" + "".join(f"{row // 400},{row % 400},{row % 5}\n" for row in rows))
    call = f"from pathlib import Path; from data.prepared import prepare; prepare({str(file)!r}, Path({str(folder)!r}))"
    with subprocess.Popen([sys.executable, "-c", call], stderr=subprocess.DEVNULL) as process:
        while not (unfinished / at).exists():
            assert process.poll() is None
        process.kill()
    assert process.returncode == -signal.SIGKILL
    assert unfinished.exists()
    assert not folder.exists()
    assert prepare(file, folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plays.csv", "prepared"]
    assert Prepared(folder).ratings.sha256 == read_ratings(file).sha256
