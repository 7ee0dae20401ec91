"""Figures 1 to 3: training of networks of several depths, without and with the penalty, and without depth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from synthetic.figures.curves import Setting, curves

DEPTHS = (2, 3, 4, 5)
# Gradient descent takes one rate at all depths, the largest that is stable at depth 5; without depth the loss is a
# parabola whose curvature of 2 / |Ω| allows rates of hundreds. Adam moves an entry by up to 1e-3 a step.
GD_RATE, GD_RATE_WITHOUT_DEPTH, ADAM_RATE = 0.4, 100.0, 1e-3
PENALISED = (1e-4,)  # λ of Figure 2, the paper's
STRENGTHS = (0.0, 1e-4, 1e-3, 1e-2)  # λ of Figure 3
OPTIMIZERS = {"gd": "gradient descent", "adam": "Adam"}
PANELS = {
    "test_error": "test error",
    "effective_rank": "effective rank",
    "sigma": "singular values σ₁ (—) and σ₅ (···)",
}


def without_penalty(seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """The data of Figure 1."""
    return _depths("none", (0.0,), {"gd": 20_000, "adam": 10_000}, seeds, folder)


def with_penalty(seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """The data of Figure 2."""
    return _depths("ratio", PENALISED, {"gd": 10_000, "adam": 10_000}, seeds, folder)


def without_depth(seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """The data of Figure 3."""
    settings = [
        Setting("gd", 1, "ratio", STRENGTHS, GD_RATE_WITHOUT_DEPTH, 6_000),
        Setting("adam", 1, "ratio", STRENGTHS, ADAM_RATE, 18_000),
    ]
    return pd.concat([curves(setting, seeds, folder) for setting in settings], ignore_index=True)


def draw_without_penalty(data: pd.DataFrame) -> Figure:
    """Figure 1."""
    return _draw(
        data, "depth", "depth {:g}", "Without a penalty, depth lowers the rank, most of all under gradient descent"
    )


def draw_with_penalty(data: pd.DataFrame) -> Figure:
    """Figure 2."""
    title = f"With the ratio penalty (λ = {data['lambda'].max():g}), depth matters less, least under Adam"
    return _draw(data, "depth", "depth {:g}", title)


def draw_without_depth(data: pd.DataFrame) -> Figure:
    """Figure 3."""
    return _draw(data, "lambda", "λ = {:g}", "Without depth, the ratio penalty recovers the matrix under Adam alone")


def _depths(
    penalty: str, strengths: tuple[float, ...], steps: dict[str, int], seeds: Sequence[int], folder: Path
) -> pd.DataFrame:
    rates = {"gd": GD_RATE, "adam": ADAM_RATE}
    settings = [Setting(o, depth, penalty, strengths, rates[o], steps[o]) for o in OPTIMIZERS for depth in DEPTHS]
    return pd.concat([curves(setting, seeds, folder) for setting in settings], ignore_index=True)


def _draw(data: pd.DataFrame, by: str, label: str, title: str) -> Figure:
    """A row of panels for each optimiser, a colour for each value of the column `by`."""
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    values = sorted(data[by].unique())
    colours = dict(zip(values, mpl.colormaps["viridis"]([0.85, 0.6, 0.35, 0.05]), strict=False))
    grid = figure.subplots(len(OPTIMIZERS), len(PANELS), squeeze=False)
    for row, (optimizer, name) in zip(grid, OPTIMIZERS.items(), strict=True):
        for axes, (column, panel) in zip(row, PANELS.items(), strict=True):
            parts = {"sigma_1": "-", "sigma_5": ":"} if column == "sigma" else {column: "-"}
            for value in values:
                chosen = data[(data["optimizer"] == optimizer) & (data[by] == value)]
                for part, style in parts.items():
                    _line(axes, chosen, part, colours[value], style)
            axes.set(xscale="log", yscale="log", xlabel="iteration", ylabel=panel, title=name)
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25)
    handles = [Line2D([], [], color=colours[value], label=label.format(value)) for value in values]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    figure.suptitle(
        f"{title}\n100×100 matrices of rank 5, 2,000 entries observed; line: median, band: range over seeds"
    )
    return figure


def _line(axes: Axes, data: pd.DataFrame, column: str, colour: object, style: str) -> None:
    over_seeds = data.groupby("iteration")[column]
    axes.fill_between(over_seeds.min().index, over_seeds.min(), over_seeds.max(), color=colour, alpha=0.2, linewidth=0)
    axes.plot(over_seeds.median().index, over_seeds.median(), color=colour, linestyle=style, linewidth=1.8)
