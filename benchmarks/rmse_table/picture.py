"""Draw the RMSE table: a dot and its deviation for each measured model, the published figure beside it."""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.rmse_table.table2 import BY_MODEL

TITLES = {"0.9": "90:10, random", "0.8": "80:20, random", "u1": "80:20, official fold u1"}
OURS, PEERS, PUBLISHED = "#c2410c", "#1d4ed8", "#111827"
WORST = 1.1  # figures beyond this are written beside the axes: an axis up to the paper's 2.8 would show no difference


def picture(rows: list[dict[str, Any]]) -> bytes:
    """PNG with one panel for each split, models sorted by measured RMSE."""
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
            [], [], marker="o", color=PEERS, mfc="white", linestyle="", label="… counted as using more than the ratings"
        ),
        Line2D([], [], marker="|", color=PUBLISHED, linestyle="", markersize=11, label="published"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=10)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    return content.getvalue()


def _panel(axes: Axes, rows: list[dict[str, Any]]) -> None:
    rows = sorted(rows, key=lambda row: row["rmse_mean"])
    for height, row in enumerate(rows):
        colour = OURS if BY_MODEL[row["model"]].ours else PEERS
        if row["rmse_mean"] <= WORST:
            face, deviation = "white" if row["extra_information"] else colour, row["rmse_std"] or 0.0
            axes.errorbar(
                row["rmse_mean"], height, xerr=deviation, marker="o", color=colour, mfc=face, capsize=2, markersize=6
            )
        else:
            _beyond(axes, row["rmse_mean"], height, colour, 0)
        if row["paper_rmse"] is not None and row["paper_rmse"] <= WORST:
            axes.plot(row["paper_rmse"], height, marker="|", color=PUBLISHED, markersize=11, markeredgewidth=2)
        elif row["paper_rmse"] is not None:
            _beyond(axes, row["paper_rmse"], height, PUBLISHED, 1 if row["rmse_mean"] > WORST else 0)
    axes.set_yticks(range(len(rows)), [row["model"] for row in rows], fontsize=9)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("test RMSE")
    axes.set_xlim(right=WORST + 0.005)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _beyond(axes: Axes, value: float, height: int, colour: str, place: int) -> None:
    """Write a value to the right of the axes, or further right."""
    axes.text(
        1.01 + 0.11 * place,
        height,
        f"{value:.2f}",
        color=colour,
        va="center",
        fontsize=8,
        transform=axes.get_yaxis_transform(),
    )
