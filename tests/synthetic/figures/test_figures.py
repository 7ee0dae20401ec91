"""The figures' data and pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.figure import Figure

from synthetic.figures import __main__ as figures
from synthetic.figures import curves
from synthetic.figures.curve_figures import draw_without_depth
from synthetic.figures.curves import Setting


def test_curves_have_a_row_for_every_strength_seed_and_point_and_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = Setting("adam", 1, "ratio", (0.0, 1e-3), 1e-3, 12)
    data = curves.curves(setting, [0, 1], tmp_path)
    points = sorted(set(data["iteration"]))
    assert points[0] == 1 and points[-1] == 12
    assert len(data) == 2 * 2 * len(points)
    assert set(data["lambda"]) == {0.0, 1e-3} and set(data["seed"]) == {0, 1}
    assert (data["sigma_1"] > data["sigma_5"]).all()
    monkeypatch.setattr(curves, "_train", None)  # would fail if it were called
    pd.testing.assert_frame_equal(curves.curves(setting, [0, 1], tmp_path), data)

    picture = draw_without_depth(pd.concat([data, data.assign(optimizer="gd")]))
    assert isinstance(picture, Figure)
    assert [axes.get_xscale() for axes in picture.axes] == ["log"] * 6
    assert [text.get_text() for text in picture.legends[0].get_texts()] == ["λ = 0", "λ = 0.001"]


def test_pictures_are_drawn_from_data_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "theorems.csv").write_bytes((figures.RESULTS / "theorems.csv").read_bytes())
    arguments = ["figures", "--draw", f"--results={tmp_path}", "--only"]
    monkeypatch.setattr(sys, "argv", [*arguments, "theorems"])
    figures.main()
    assert (tmp_path / "theorems.png").read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(sys, "argv", [*arguments, "figure1"])
    with pytest.raises(SystemExit, match=r"there is no .*figure1\.csv"):
        figures.main()


def test_the_data_of_the_theorems_shows_what_is_exact() -> None:
    data = pd.read_csv(figures.RESULTS / "theorems.csv")
    flow = data[data["equation"].isin([3, 7])]
    extent = flow["measured"].abs().max()
    assert (flow["exact"] - flow["measured"]).abs().max() < 0.05 * extent  # a step is not quite the flow
    printed = flow[flow["equation"] == 7]
    assert (printed["printed"] - printed["measured"]).abs().max() > 0.3 * extent
