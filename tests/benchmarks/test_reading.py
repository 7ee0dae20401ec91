"""The benchmark of reading generates what MovieLens looks like, measures each way apart, and shows medians."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.reading import generated
from benchmarks.reading.child import WAYS, measured
from benchmarks.reading.generated import files_of
from benchmarks.reading.table import as_markdown, content_of, is_reading
from data.tables import read_ratings


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "N_USERS", 30)
    monkeypatch.setattr(generated, "N_ITEMS", 20)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", ["integers", "UUIDs"])
def test_every_form_holds_the_same_ratings_of_all_users_and_items(kind: str, tmp_path: Path) -> None:
    files = files_of(tmp_path, 300, kind, ("zip", "csv", "parquet"))
    found = [read_ratings(file) for file in files.values()]
    assert len({ratings.sha256 for ratings in found}) == 1
    assert (len(found[0]), found[0].n_users, found[0].n_items) == (300, 30, 20)
    assert np.unique(found[0].users * 20 + found[0].items).size == 300
    assert files["csv"].read_text().startswith("userId,movieId,rating,timestamp\n")
    assert files_of(tmp_path, 300, kind, ("csv",))["csv"].stat().st_mtime_ns == files["csv"].stat().st_mtime_ns


@pytest.mark.usefixtures("small")
def test_each_way_reads_every_form_and_says_how_much_it_took(tmp_path: Path) -> None:
    for file in files_of(tmp_path, 300, "integers", ("zip", "csv", "parquet")).values():
        for way in WAYS.keys() - {"polars"}:
            found = measured(way, file)
            assert found["seconds"] > 0
            assert found["peak"] >= 0
        assert measured("ours", file)["size"] == 300 * (8 + 8 + 4 + 8) + (30 + 20) * 8


def test_medians_and_their_ratio_are_shown() -> None:
    def turns(*seconds: float) -> list[dict[str, float]]:
        return [{"seconds": each, "peak": 3e6, "size": 2e6} for each in seconds]

    content = content_of({(1000, "UUIDs", "zip"): {"ours": turns(9, 3, 2), "pyarrow": turns(2, 2, 7)}})
    assert is_reading(content)
    assert as_markdown(content)[2] == "| 1,000 | UUIDs | CSV in a zip archive | 3.0 | 2.0 | 1.50 |  | 3 MB | 1.5 |"
