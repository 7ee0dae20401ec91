"""Draw the controlled experiments: python -m synthetic.figures [--only NAME,…] [--draw].

Each figure NAME leaves NAME.csv, its data, and NAME.png in a folder. With --draw the data is not computed but read from
there. Training that was finished is kept in another folder and not repeated.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import torch
from matplotlib.figure import Figure

from recsys.files import write_atomically
from recsys.results.paths import results_folder
from synthetic.figures import curve_figures, depth_figure, figure4, theorem_figure
from synthetic.figures.curves import as_csv

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@dataclass(frozen=True)
class Experiment:
    """A figure: data from seeds and a folder for finished parts, and a picture from the data."""

    compute: Callable[[Sequence[int], Path], pd.DataFrame]
    draw: Callable[[pd.DataFrame], Figure]


FIGURES = {
    "figure1": Experiment(curve_figures.without_penalty, curve_figures.draw_without_penalty),
    "figure2": Experiment(curve_figures.with_penalty, curve_figures.draw_with_penalty),
    "figure3": Experiment(curve_figures.without_depth, curve_figures.draw_without_depth),
    "figure4": Experiment(figure4.over_observed_entries, figure4.draw_over_observed_entries),
    "depth": Experiment(depth_figure.over_depth, depth_figure.draw_over_depth),
    "theorems": Experiment(theorem_figure.velocities, theorem_figure.draw),
}


def main() -> None:
    """Compute the data unless it is to be read, and draw."""
    parser = argparse.ArgumentParser(
        prog="python -m synthetic.figures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(FIGURES), default=list(FIGURES), help="which figures")
    parser.add_argument("--draw", action="store_true", help="draw from the data that is there")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of problems and starts")
    parser.add_argument(
        "--results", type=results_folder, default=str(RESULTS), metavar="FOLDER", help="for data and pictures"
    )
    parser.add_argument(
        "--runs", type=results_folder, default="logs/figures", metavar="FOLDER", help="for finished parts"
    )
    arguments = parser.parse_args()
    mpl.use("agg")
    torch.set_num_threads(1)  # the matrices are too small to share
    for name in arguments.only:
        data, picture = arguments.results / f"{name}.csv", arguments.results / f"{name}.png"
        if not arguments.draw:
            write_atomically(data, as_csv(FIGURES[name].compute(arguments.seeds, arguments.runs)))
        elif not data.is_file():
            raise SystemExit(f"there is no {data}; without --draw it is computed")
        drawn = io.BytesIO()
        FIGURES[name].draw(pd.read_csv(data)).savefig(drawn, format="png", dpi=100)
        write_atomically(picture, drawn.getvalue())
        print(f"written to {picture}")


if __name__ == "__main__":
    main()
