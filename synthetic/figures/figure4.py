"""Figure 4: test error and effective rank over the number of observed entries, for Adam:1+R and five other ways."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from recsys.files import write_atomically
from recsys.linalg.spectral import accurate_singular_values, effective_rank
from recsys.results.fingerprint import code_of, fingerprint
from synthetic.figures.comparison import METHODS
from synthetic.figures.curves import as_csv
from synthetic.problems import low_rank_problems

SIZES = (1000, 2000, 3000, 4000, 5000)  # observed entries, of 100 × 100

# Below this a test error is of the size that float64 leaves: an entry of 1 keeps 16 digits, and a few of them are lost
# on the way through thousands of operations.
ROUNDING = 1e-24
STYLES = {
    "Adam:1+R": ("tab:red", "-"),
    "minimum nuclear norm": ("tab:blue", "-"),
    "GD:3": ("tab:green", "-"),
    "OptSpace": ("tab:purple", "-"),
    "OptSpace, told the rank": ("tab:purple", ":"),
    "SoftImpute": ("tab:orange", "-"),
}


def over_observed_entries(seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """One row for each method, number of observed entries and seed; finished ones come from `folder`.

    Columns: method, observed, seed, test_error, effective_rank, cpu_seconds.
    """
    wanted = [(method, size) for method in METHODS for size in SIZES]
    points = []
    for place, (method, size) in enumerate(wanted, 1):
        points.append(completed(method, size, seeds, folder))
        print(f"\rfigure4: {place} of {len(wanted)} points", end="\n" if place == len(wanted) else "", flush=True)
    return pd.concat(points, ignore_index=True)


def completed(method: str, size: int, seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """What a method makes of the problems with `size` observed entries; from `folder`, or else left there."""
    key = fingerprint([method, size, list(seeds)], _code())
    finished = folder / f"figure4-{method.replace(' ', '-')}-{size}-{key}.csv"
    if not finished.is_file():
        problems = low_rank_problems(seeds, observed=size)
        started = time.process_time()
        estimate = METHODS[method](problems, seeds)
        seconds = (time.process_time() - started) / len(seeds)
        measured = {
            "test_error": problems.test_error(estimate).tolist(),
            "effective_rank": effective_rank(accurate_singular_values(estimate)).tolist(),
            "cpu_seconds": seconds,  # the seeds are completed together
        }
        write_atomically(
            finished, as_csv(pd.DataFrame({"method": method, "observed": size, "seed": list(seeds), **measured}))
        )
    return pd.read_csv(finished)


@cache  # a process runs the code that it has loaded, whatever becomes of the files
def _code() -> str:
    return code_of("synthetic.figures.comparison")


def draw_over_observed_entries(data: pd.DataFrame) -> Figure:
    """Test error and effective rank, a line for each method."""
    figure = Figure(figsize=(12, 5.4), layout="constrained")
    errors, ranks = figure.subplots(1, 2)
    for axes, column in ((errors, "test_error"), (ranks, "effective_rank")):
        for method, of_method in data.groupby("method", sort=False):
            colour, style = STYLES[str(method)]
            over_seeds = of_method.groupby("observed")[column]
            middle = over_seeds.median()
            axes.plot(middle.index, middle, style, color=colour, marker="o", markersize=3.5, label=str(method))
            axes.fill_between(middle.index, over_seeds.min(), over_seeds.max(), color=colour, alpha=0.15, linewidth=0)
        axes.set_xlabel("observed entries of a 100 × 100 matrix of rank 5")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    errors.set_yscale("log")
    errors.set_ylim(1e-31, 1e3)
    errors.axhspan(1e-31, ROUNDING, color="0.93", zorder=0)
    errors.annotate("the truth, but for rounding", (data["observed"].min(), 2e-31), color="0.4", fontsize=9)
    errors.set_title("test error (an unobserved entry has a mean square of 1)", loc="left", fontsize=11)
    ranks.set_ylim(0, 16)
    ranks.set_title("effective rank of the estimate (that of the truth is 4.9)", loc="left", fontsize=11)
    ranks.legend(frameon=False, fontsize=9)
    figure.suptitle("Ways to complete a matrix; line: median, band: range over seeds")
    return figure
