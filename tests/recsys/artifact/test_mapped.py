"""Processes that share a folder map one copy of the arrays."""

from __future__ import annotations

import os
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from recsys import artifact
from recsys.artifact import ArtifactError, reading
from tests.recsys.artifact.small_artefact import (
    ITEMS,
    arrays,
    manifest,
)


def test_artefacts_that_share_a_folder_map_one_copy_that_nobody_can_change(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    saved = artifact.save(tmp_path / "a", manifest(), arrays(), ITEMS)
    mine, theirs = (artifact.load(saved, share=folder) for _ in range(2))
    alone = artifact.load(saved)
    (copy,) = folder.glob("*.safetensors")
    for name, array in alone.arrays.items():
        assert np.array_equal(mine.arrays[name], array)
        assert mine.arrays[name].dtype == array.dtype
        assert not mine.arrays[name].flags.writeable
    maps = Path("/proc/self/maps").read_text()
    assert maps.count(f" {copy.stat().st_ino} ") >= 2

    (saved / "model.safetensors").write_bytes(
        b""
    )  # as by a careless copy over it; a mapping of it would end the process
    assert np.array_equal(theirs.arrays["user_ids"], alone.arrays["user_ids"])
    with pytest.raises(ArtifactError, match="SHA-256"):
        artifact.load(saved, share=folder)
    artifact.load(artifact.save(tmp_path / "b", manifest(), arrays(seed=1), ITEMS), share=folder)
    assert copy not in list(folder.iterdir())
    assert np.array_equal(mine.arrays["user_ids"], alone.arrays["user_ids"])


def test_a_file_that_was_copied_is_read_again_only_if_it_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = artifact.save(tmp_path / "a", manifest(), arrays(), ITEMS)
    read = Mock(wraps=reading._copied)
    monkeypatch.setattr(reading, "_copied", read)
    for _ in range(2):
        artifact.load(saved, share=tmp_path / "share")
    assert read.call_count == 1
    os.utime(saved / "model.safetensors")
    for _ in range(2):
        artifact.load(saved, share=tmp_path / "share")
    assert read.call_count == 2


def test_where_a_shared_folder_has_no_room_the_model_is_in_private_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved = artifact.save(tmp_path / "a", manifest(), arrays(), ITEMS)
    (tmp_path / "file").touch()
    loaded = artifact.load(saved, share=tmp_path / "file" / "folder")
    for name, array in artifact.load(saved).arrays.items():
        assert np.array_equal(loaded.arrays[name], array)
    assert "own memory" in caplog.text
