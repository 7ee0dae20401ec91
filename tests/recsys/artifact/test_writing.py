"""Artefacts are written whole or not at all, and read back to the last bit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recsys import artifact
from recsys.artifact import ArtifactError, read_manifest
from tests.recsys.artifact.small_artefact import (
    ITEMS,
    arrays,
    manifest,
)


def test_what_is_read_back_equals_what_was_written(tmp_path: Path) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    for path in (directory, str(tmp_path / "latest")):
        loaded = artifact.load(path)
        assert loaded.manifest == read_manifest(path)
        assert loaded.items == ITEMS
        assert loaded.manifest.metrics == {"test_rmse": 0.9}
        for name, array in arrays().items():
            assert np.array_equal(loaded.arrays[name], array)
            assert loaded.arrays[name].dtype == array.dtype
    assert json.loads((directory / "metrics.json").read_text())["model"] == "test"


def test_ids_may_lie_further_apart_than_64_bits_hold(tmp_path: Path) -> None:
    ids = np.array([-(2**63), 5, 2**63 - 1])
    directory = artifact.save(tmp_path, manifest(), arrays() | {"user_ids": ids}, ITEMS)
    assert np.array_equal(artifact.load(directory).arrays["user_ids"], ids)


def test_the_newest_artefact_is_the_latest_and_the_one_before_stays(tmp_path: Path) -> None:
    first = artifact.save(tmp_path, manifest(), arrays(1), ITEMS)
    second = artifact.save(tmp_path, manifest(), arrays(2), ITEMS)
    assert artifact.load(tmp_path / "latest").manifest.version == artifact.load(second).manifest.version
    assert artifact.load(first).manifest.version != artifact.load(second).manifest.version


@pytest.mark.parametrize(
    "change", [{"metrics": {"test_rmse": float("nan")}}, {"recipe": 3}, {"rating_scale": (5, 5.5)}]
)
def test_what_could_not_be_loaded_is_not_exported(tmp_path: Path, change: dict[str, object]) -> None:
    first = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    with pytest.raises(ArtifactError):
        artifact.save(tmp_path, manifest(**change), arrays(), ITEMS)  # type: ignore[arg-type]  # wrong on purpose
    assert (tmp_path / "latest").resolve() == first


@pytest.mark.slow
def test_a_process_killed_while_it_exports_leaves_the_latest_artefact_whole(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from recsys import artifact\n"
        "from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest\n"
        "for seed in range(10**9): artifact.save(Path(sys.argv[1]), manifest(), arrays(seed), ITEMS)\n"
    )
    root = Path(__file__).parents[3]
    for delay in (0.0, 0.003, 0.011, 0.027):
        with subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(root)]) as process:
            deadline = time.monotonic() + 60
            known = len(list(tmp_path.glob("2026*")))
            while len(list(tmp_path.glob("2026*"))) < known + 3 and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(delay)
            os.kill(process.pid, signal.SIGKILL)
        artifact.load(tmp_path / "latest")
        for directory in tmp_path.glob("2026*"):
            artifact.load(directory)
    artifact.save(tmp_path, manifest(), arrays(5), ITEMS)
    assert not list(tmp_path.glob(".writing-*"))


def test_reading_artefacts_needs_neither_torch_nor_lightning() -> None:
    script = "import sys, recsys.artifact; print([m for m in ('torch', 'pytorch_lightning') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=Path(__file__).parents[3], text=True) == "[]\n"
