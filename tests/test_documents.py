"""The documents say what the code does: settings, targets, results."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.document import documents
from serving.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


@pytest.mark.parametrize("path", documents.DOCUMENTS, ids=lambda path: path.name)
def test_every_number_of_a_document_is_drawn_from_the_committed_results(path: Path) -> None:
    assert documents.rendered(path) == path.read_text()


def test_every_setting_of_the_server_is_documented_with_its_default() -> None:
    serving = (ROOT / "docs" / "serving.md").read_text()
    for name, field in Settings.model_fields.items():
        assert f"`RECSYS_{name.upper()}` ({field.default})" in serving


def test_every_make_target_is_listed_by_make() -> None:
    listed = subprocess.check_output(["make"], cwd=ROOT, text=True)
    targets = re.findall(r"^\.PHONY: (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert len(targets) >= 6
    for target in targets:
        assert re.search(rf"^{target} +\S", listed, re.MULTILINE)


def test_every_file_that_the_documents_link_to_exists() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text()):
            assert (ROOT / target).exists(), f"{name} links to {target}"
