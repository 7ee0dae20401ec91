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
    row |= {way: WAYS[way](folder, 30) for way in ("prepare", "floor")}
    row["ours"] = {**WAYS["ours"](folder, 30), "peak_bytes": 1 << 30}
    least = row["floor"]
    assert NOISE < least["noise"] < least["items_known"] < least["none_known"]
    assert row["ours"]["rmse"] == pytest.approx(least["none_known"], rel=0.03)
    assert is_scale({"rows": [row]})
    assert f"| {row['prepare']['n_ratings']:,} | 30 |" in "\n".join(as_markdown([row]))
