"""The benchmark of sizes plants what it says, knows the least errors, and measures each way apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.scale import planted
from benchmarks.scale.fits import WAYS
from benchmarks.scale.planted import NOISE, Planted, Shape
from benchmarks.scale.table import as_markdown, is_scale

SHAPE = Shape(600, 300, 30_000)


def test_pairs_are_distinct_and_ratings_are_off_their_means_by_the_noise() -> None:
    model = Planted.of(SHAPE)
    users, items, ratings = map(np.concatenate, zip(*model.blocks(seed=1), strict=True))
    assert np.unique(users * SHAPE.n_items + items).size == users.size
    assert users.size == pytest.approx(SHAPE.n_ratings, rel=0.15)
    off = ratings - model.means(users, items)
    assert off.std() == pytest.approx((NOISE**2 + 0.5**2 / 12) ** 0.5, rel=0.02)
    counts = np.bincount(items, minlength=SHAPE.n_items)[model.by_rank]
    assert counts[:30].mean() > 2 * counts[-30:].mean()


def test_a_fit_comes_near_the_least_error_and_says_what_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(planted.SHAPES, "small", SHAPE)
    folder = tmp_path / "small"
    planted.write(SHAPE, folder)
    row: dict[str, Any] = {"size": "small", "sweeps": 30}
    row |= {way: {**WAYS[way](folder, 30), "peak_bytes": 1 << 30} for way in ("prepare", "floor", "ours")}
    least = row["floor"]
    assert NOISE < least["noise"] < least["items_known"] < least["none_known"]
    assert row["ours"]["rmse"] == pytest.approx(least["none_known"], rel=0.03)
    assert is_scale({"rows": [row]})
    row["smurff"] = {"sweep_seconds": 1, "average_seconds": 0, "sweep_cpu_seconds": 2, "average_cpu_seconds": 0}
    row["smurff"] |= {"rmse": 0.9, "peak_bytes": 3 << 30}
    shown = "\n".join(as_markdown([row, row | {"prepare": row["prepare"] | {"n_ratings": 10**6}}]))
    assert f"| {row['prepare']['n_ratings']:,} | 600 | 300 |" in shown
    assert "SMURFF at small: test RMSE 0.9000, peak memory 3.00 GiB." in shown
    assert "grow as the power 0.00" in shown


def test_fits_that_processes_share_are_compared_with_the_first() -> None:
    one = {"sweep_seconds": 2, "average_seconds": 0, "processes": 1, "sent_bytes": 0, "peak_bytes": [3 << 30]}
    two = one | {"sweep_seconds": 1, "processes": 2, "sent_bytes": 1 << 20, "peak_bytes": [1 << 30, 2 << 30]}
    rows = [{"size": "small", "shared": [one, two]}]
    assert is_scale({"rows": rows})
    assert as_markdown(rows)[-1] == "| small | 2 | 1.00 s | 0.50 | 1.0 MiB | 1.00 and 2.00 GiB |"
