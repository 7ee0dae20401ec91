"""The benchmark of preparing measures each way apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.preparing import WAYS, measured
from benchmarks.reading import generated
from benchmarks.reading.generated import files_of


def test_each_way_says_how_much_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("polars")
    monkeypatch.setattr(generated, "N_USERS", 30)
    monkeypatch.setattr(generated, "N_ITEMS", 20)
    (file,) = files_of(tmp_path, 300, "UUIDs", ("csv",)).values()
    for way in WAYS:
        (tmp_path / way).mkdir()
        found = measured(way, str(file) if way == "prepare" else "3000", tmp_path / way)
        assert found["seconds"] > 0
        assert found["peak"] > found["size"] > (300 * 44 if way == "prepare" else 3000 * 24 - 1)
