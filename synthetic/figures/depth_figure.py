"""Depth: test error and effective rank over the depth, with the ratio penalty, for the paper's five optimisers.

All cells have one schedule: λ stays for 2,000 steps and then falls tenfold every 400 steps, four times. The learning
rate falls with it where steps do not shrink with the gradient by themselves. A cell's learning rate is the one of
`RATES` that predicts a tenth of the first problem's observed entries best after 800 steps without them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from recsys.files import write_atomically
from recsys.linalg.spectral import accurate_singular_values, effective_rank
from recsys.results.fingerprint import code_of, fingerprint
from synthetic.annealing import Annealing
from synthetic.dynamics import Dynamics
from synthetic.figures.curves import as_csv
from synthetic.problems import Problems, low_rank_problems
from synthetic.table1.cells import PAPER_OPTIMIZERS, RATES_FALL, Cell
from synthetic.table1.experiment import ANNEALED_DEEP_STRENGTH, ANNEALED_STRENGTH
from synthetic.table1.search import dynamics

DEPTHS = (1, 2, 3, 4, 5)
SCHEDULE, STEPS, EVERY = Annealing(constant_steps=2000, steps_per_decade=400), 3600, 20
SEARCHED_STEPS, HELD_OUT = 800, 0.1

# Adaptive optimisers move an entry by about the rate a step, Adagrad by less and less. Gradient descent moves it by the
# gradient, which is small, since the loss is a mean over 2,000 entries, and of which deep products are the more wary.
RATES: dict[str, tuple[float, ...]] = {"adagrad": (1e-2, 3e-2, 1e-1), "rmsprop": (1e-3, 3e-3, 1e-2)}
ADAPTIVE_RATES = (1e-3, 3e-3, 1e-2)
DESCENT_RATES = {1: (10.0, 100.0, 500.0), 2: (1.0, 3.0, 10.0)}
DEEP_DESCENT_RATES = (0.3, 1.0, 3.0)

RECOVERED = 1e-4  # test error below which the matrix counts as recovered
NAMES = {"adam": "Adam", "adagrad": "Adagrad", "adamax": "Adamax", "rmsprop": "RMSprop", "gd": "gradient descent"}
COLOURS = {"adam": "tab:red", "adagrad": "tab:green", "adamax": "tab:purple", "rmsprop": "tab:orange", "gd": "tab:blue"}
WIDTHS = {"adamax": 5.0}  # below Adam's line, which it nearly equals


def over_depth(seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """One row for each optimiser, depth and seed; finished ones come from `folder`.

    Columns: optimizer, depth, seed, lambda, learning_rate, test_error, effective_rank, cpu_seconds.
    """
    wanted = [(optimizer, depth) for depth in DEPTHS for optimizer in PAPER_OPTIMIZERS]
    cells = []
    for place, (optimizer, depth) in enumerate(wanted, 1):
        cells.append(_finished(optimizer, depth, seeds, folder))
        print(f"\rdepth: {place} of {len(wanted)} points", end="\n" if place == len(wanted) else "", flush=True)
    return pd.concat(cells, ignore_index=True)


def _finished(optimizer: str, depth: int, seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    key = fingerprint([optimizer, depth, list(seeds)], _code())
    finished = folder / f"depth-{optimizer}-{depth}-{key}.csv"
    if not finished.is_file():
        write_atomically(finished, as_csv(_measure(optimizer, depth, seeds)))
    return pd.read_csv(finished)


@cache  # a process runs the code that it has loaded, whatever becomes of the files
def _code() -> str:
    return code_of("synthetic.figures.depth_figure")


def _measure(optimizer: str, depth: int, seeds: Sequence[int]) -> pd.DataFrame:
    started = time.process_time()
    rate = _best_rate(optimizer, depth, seeds[0])
    problems = low_rank_problems(seeds)
    run = _dynamics(optimizer, depth, problems, seeds, [rate] * len(seeds))
    _train(run, STEPS)
    estimate = run.end_product
    return pd.DataFrame(
        {
            "optimizer": optimizer,
            "depth": depth,
            "seed": list(seeds),
            "lambda": _strength(depth),
            "learning_rate": rate,
            "test_error": problems.test_error(estimate).tolist(),
            "effective_rank": effective_rank(accurate_singular_values(estimate)).tolist(),
            "cpu_seconds": (time.process_time() - started) / len(seeds),  # the seeds are trained together
        }
    )


def _best_rate(optimizer: str, depth: int, seed: int) -> float:
    """The learning rate with which held-out observed entries of one problem are predicted best."""
    rates = RATES.get(optimizer, ADAPTIVE_RATES)
    if optimizer == "gd":
        rates = DESCENT_RATES.get(depth, DEEP_DESCENT_RATES)
    problem = low_rank_problems([seed] * len(rates))
    held_out = _held_out(problem.observed[0])  # (n, m)
    known = Problems(problem.truth, problem.observed & ~held_out, problem.observations)
    run = _dynamics(optimizer, depth, known, [seed] * len(rates), rates)
    _train(run, SEARCHED_STEPS)
    errors = (run.end_product - problem.observations)[:, held_out].square().mean(-1)
    return rates[int(torch.where(run.diverged, torch.inf, errors).argmin())]


def _held_out(observed: Tensor) -> Tensor:
    """A tenth of the true entries of (n, m)."""
    places = torch.nonzero(observed.flatten()).flatten()
    drawn = torch.randperm(len(places), generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(observed.numel(), dtype=torch.bool)
    mask[places[drawn[: int(HELD_OUT * len(places))]]] = True
    return mask.reshape(observed.shape)


def _strength(depth: int) -> float:
    """λ at the start: those of the annealed cells of Table 1."""
    return ANNEALED_STRENGTH if depth == 1 else ANNEALED_DEEP_STRENGTH


def _dynamics(optimizer: str, depth: int, problems: Problems, seeds: Sequence[int], rates: Sequence[float]) -> Dynamics:
    strength = _strength(depth)
    return dynamics(Cell(optimizer, depth, "ratio"), problems, seeds, [(strength, rate) for rate in rates])


def _train(run: Dynamics, steps: int) -> None:
    """Train from the start, by the schedule."""
    strengths, rates = run.strengths, run.learning_rates
    for step in range(0, steps, EVERY):
        run.strengths = strengths * SCHEDULE.factor(step)
        if run.optimizer in RATES_FALL:
            run.learning_rates = rates * SCHEDULE.factor(step)
        run.advance(min(EVERY, steps - step))


def draw_over_depth(data: pd.DataFrame) -> Figure:
    """Test error and effective rank, a line for each optimiser."""
    figure = Figure(figsize=(12, 5.4), layout="constrained")
    errors, ranks = figure.subplots(1, 2)
    for axes, column in ((errors, "test_error"), (ranks, "effective_rank")):
        for optimizer, of_optimizer in data.groupby("optimizer", sort=False):
            over_seeds, colour = of_optimizer.groupby("depth")[column], COLOURS[str(optimizer)]
            middle, label = over_seeds.median(), NAMES[str(optimizer)]
            width = WIDTHS.get(str(optimizer), 1.8)
            style = {
                "color": colour,
                "linewidth": width,
                "marker": "o",
                "markersize": 4 + width,
                "zorder": 4 - width / 5,
            }
            axes.plot(middle.index, middle, **style, label=label)
            axes.fill_between(middle.index, over_seeds.min(), over_seeds.max(), color=colour, alpha=0.15, linewidth=0)
        axes.set_xticks(sorted(data["depth"].unique()))
        axes.set_xlabel("depth: how many matrices are multiplied")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    errors.set_yscale("log")
    errors.axhspan(data["test_error"].min() / 5, RECOVERED, color="0.93", zorder=0)
    errors.set_ylim(data["test_error"].min() / 5, 10)
    errors.annotate("recovered: below 1e-4", (0.98, 0.03), xycoords="axes fraction", color="0.4", ha="right")
    errors.set_title("test error (an unobserved entry has a mean square of 1)", loc="left", fontsize=11)
    ranks.set_yscale("log")
    ranks.set_yticks([5, 10, 20, 40, 80], ["5", "10", "20", "40", "80"])
    ranks.minorticks_off()
    ranks.set_title("effective rank of the estimate (that of the truth is 4.9)", loc="left", fontsize=11)
    ranks.legend(frameon=False, fontsize=9)
    figure.suptitle(
        "With the ratio penalty, Adam and Adamax recover the matrix at every depth; others need depth, or fail\n"
        f"100×100 matrices of rank 5, 2,000 entries observed, {STEPS:,} steps; line: median, band: range over seeds"
    )
    return figure
