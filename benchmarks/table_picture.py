"""Draw the RMSE table: a dot and its deviation for each measured model, the published figure beside it."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.table2 import BY_MODEL

TITLES = {"0.9": "90:10, random", "0.8": "80:20, random", "u1": "80:20, official fold u1"}
OURS, PEERS, PUBLISHED = "#c2410c", "#1d4ed8", "#111827"
WORST = 1.1  # figures beyond this are written at the edge: an axis up to the paper's 2.8 would show no difference


def picture(rows: list[dict[str, Any]]) -> bytes:
    """PNG with one panel for each split, models sorted by measured RMSE and then by the published one."""
    splits = [split for split in TITLES if any(row["split"] == split for row in rows)]
    longest = max(sum(row["split"] == split for row in rows) for split in splits)
    mpl.use("agg")
    figure = Figure(figsize=(5.6 * len(splits), 1.4 + 0.25 * longest), layout="constrained")
    for axes, split in zip(figure.subplots(1, len(splits), squeeze=False, sharex=True)[0], splits, strict=True):
        _panel(axes, [row for row in rows if row["split"] == split])
        axes.set_title(TITLES[split], loc="left", fontsize=11)
    handles = [
        Line2D([], [], marker="o", color=OURS, linestyle="", label="this project"),
        Line2D([], [], marker="o", color=PEERS, linestyle="", label="other methods, run here"),
        Line2D(
            [], [], marker="o", color=PEERS, mfc="white", linestyle="", label="… that learn from more than the ratings"
        ),
        Line2D([], [], marker="|", color=PUBLISHED, linestyle="", markersize=11, label="published"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=10)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()


def _panel(axes: Axes, rows: list[dict[str, Any]]) -> None:
    rows = sorted(
        (row for row in rows if _best(row) is not None), key=lambda row: (row["rmse_mean"] is None, _best(row))
    )
    for height, row in enumerate(rows):
        colour = OURS if BY_MODEL[row["model"]].ours else PEERS
        if row["rmse_mean"] is not None:
            face = "white" if row["extra_information"] else colour
            mean, deviation = min(row["rmse_mean"], WORST), row["rmse_std"] or 0.0
            axes.errorbar(mean, height, xerr=deviation, marker="o", color=colour, mfc=face, capsize=2, markersize=6)
            if row["rmse_mean"] > WORST:
                _beyond(axes, row["rmse_mean"], height, colour)
        if row["paper_rmse"] is not None and row["paper_rmse"] <= WORST:
            axes.plot(row["paper_rmse"], height, marker="|", color=PUBLISHED, markersize=11, markeredgewidth=2)
        elif row["paper_rmse"] is not None:
            _beyond(axes, row["paper_rmse"], height, PUBLISHED)
    axes.set_yticks(range(len(rows)), [row["model"] for row in rows], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel("test RMSE")
    axes.set_xlim(right=WORST + 0.005)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _beyond(axes: Axes, value: float, height: int, colour: str) -> None:
    axes.annotate(f"{value:.2f} →", (WORST, height), color=colour, ha="right", va="center", fontsize=8)


def _best(row: dict[str, Any]) -> float | None:
    """What a row is sorted by."""
    value: float | None = row["rmse_mean"] if row["rmse_mean"] is not None else row["paper_rmse"]
    return value
