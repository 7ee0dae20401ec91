"""Where workers share files: in memory if there is room, and what was left there is removed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from serving.process import shared


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for the files in memory, of which an artefact in `artifact` takes four bytes."""
    (tmp_path / "artifact").mkdir()
    (tmp_path / "artifact" / "model.safetensors").write_bytes(b"1234")
    monkeypatch.setattr(shared, "_MEMORY", tmp_path / "memory")
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setenv(shared._VARIABLE, "")  # and put back after the test
    (tmp_path / "memory").mkdir()
    return tmp_path / "memory"


def test_it_is_in_memory_unless_there_is_no_room_or_another_place_is_named(
    memory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    def made_in(artifact: Path = tmp_path / "artifact") -> Path:
        shared.make(artifact)
        folder = shared.folder()
        assert folder is not None
        return folder.parent

    assert made_in() == memory
    assert made_in(tmp_path / "nothing") == elsewhere
    with monkeypatch.context() as changed:
        changed.setenv("TMPDIR", str(elsewhere))
        assert made_in() == elsewhere
    with monkeypatch.context() as changed:
        changed.setattr(shared, "_TIMES", 1 << 60)
        assert made_in() == elsewhere


def test_what_a_killed_server_left_is_removed_by_the_next(memory: Path, tmp_path: Path) -> None:
    left, young, held = (memory / f"recsys-serving-{name}" for name in ("left", "young", "held"))
    for folder in (left, young, held):
        folder.mkdir()
        (folder / "copy").touch()
    for folder in (left, held):
        os.utime(folder, (0, 0))
    lock = os.open(held, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    shared.make(tmp_path / "artifact")
    os.close(lock)
    assert not left.exists()
    assert young.exists()
    assert held.exists()
