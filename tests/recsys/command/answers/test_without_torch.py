"""Subcommands that answer from an artefact need no torch: they start fast, and run where it is not installed."""

from __future__ import annotations

from pathlib import Path

from recsys import artifact
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest
from tests.recsys.command.answers.without_torch import without_torch


def test_an_artefact_is_published_where_there_is_no_torch(tmp_path: Path) -> None:
    directory = artifact.save(tmp_path / "artifacts", manifest(), arrays(), ITEMS, publish=False)
    done = without_torch("publish", directory, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "artifacts" / "latest").resolve() == directory.resolve()


def test_training_needs_torch_and_says_so(tmp_path: Path) -> None:
    done = without_torch("fit", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("recsys: ")
    assert "Traceback" not in done.stderr
