"""Draw what happens during a fit: python -m benchmarks.training_curve LOG [LOG …] --png FILE.

A LOG is the metrics.csv that `recsys fit` leaves for its selection stage. The picture shows the validation RMSE and the
effective rank of the predictions over the epochs, one line for each log.
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from recsys.files import write_atomically

PANELS = {"val_rmse": "validation RMSE", "effective_rank": "effective rank of the predictions"}


def draw(logs: list[Path]) -> Figure:
    """One panel for each of `PANELS`, labelled at the lines' ends with the recipes' names."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, (column, title) in zip(figure.subplots(1, len(PANELS)), PANELS.items(), strict=True):
        for log in logs:
            points = pd.read_csv(log).dropna(subset=[column])
            name = log.parent.parent.name
            (line,) = axes.plot(points["epoch"] + 1, points[column], marker=".", linewidth=1.8)
            end = (points["epoch"].iloc[-1] + 1, points[column].iloc[-1])
            axes.annotate(f" {name}", end, color=line.get_color(), va="center", fontsize=9)
        axes.set_title(title, loc="left", fontsize=11)
        axes.set_xlabel("epoch (one full-batch step)")
        axes.margins(x=0.3)
        axes.set_xlim(left=0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    return figure


def main() -> None:
    """Draw the logs into a PNG file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="+", type=Path, metavar="LOG", help="metrics.csv of a fit's selection stage")
    parser.add_argument("--png", type=Path, required=True, metavar="FILE", help="the picture to write")
    arguments = parser.parse_args()
    mpl.use("agg")
    picture = io.BytesIO()
    draw(arguments.logs).savefig(picture, format="png", dpi=110)
    write_atomically(arguments.png, picture.getvalue())
    print(f"written to {arguments.png}")


if __name__ == "__main__":
    main()
