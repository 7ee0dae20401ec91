"""One cell of Table 1: choose λ, learning rate and number of steps on held-out observed entries, then train and test.

A tenth of the observed entries of the first seed's problem is held out. The whole grid trains on the rest. After 1,000
steps the best learning rate for each λ goes on, since what a small λ does shows early and what a large one does later;
after 3,000 steps the best pair does, for as long as it gets better. With it and its number of steps, the network is
then trained on all observed entries of every seed, from the start. The unobserved entries are looked at once, at the
end.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from recsys.linalg.spectral import accurate_singular_values, effective_rank
from synthetic.annealing import Annealing
from synthetic.dynamics import Dynamics
from synthetic.problems import Problems, low_rank_problems
from synthetic.table1.cells import Cell

HELD_OUT = 0.1
FIRST_RUNG, SECOND_RUNG = 1000, 3000
BLOCK = 500  # steps between two looks at the held-out error
PATIENCE = 2000  # steps without a held-out error that is lower by 1 %
MOST_STEPS = 16_000

# With 1,150 steps a decade one of three problems with 2,000 observed entries stays behind at 1e-17, with 660 at 1e-8. A
# λ ten times as large, and on some problems the error stays behind; a smaller one, and the rank is found more slowly.
# A product of layers wants the larger λ that held-out entries choose for adam:3:ratio: with 1e-4 it ends at 1e-4.
# β₂ and ε differ from Adam's defaults since the gradients fall with λ: 0.999 would remember the steep start for
# thousands of steps, and 1e-8 would outweigh the gradient. What is left of error then falls to rounding.
ANNEALED_STRENGTH, ANNEALED_DEEP_STRENGTH, ANNEALED_LEARNING_RATE = 3e-5, 1e-3, 3e-3
ANNEALING = Annealing(constant_steps=2500, steps_per_decade=1500)
ANNEALED_STEPS = 19_700  # down to a learning rate of about 1e-14
ANNEALED_OPTIONS = {"betas": (0.9, 0.95), "eps": 1e-30}


@dataclass(frozen=True)
class Choice:
    """Hyper-parameters of a cell."""

    strength: float  # λ
    learning_rate: float
    steps: int


@dataclass(frozen=True)
class Outcome:
    """What a cell came to, one value for each seed."""

    choice: Choice
    test_errors: list[float]
    effective_ranks: list[float]
    cell_steps: int  # steps of single networks, the search's included
    seconds: float
    cpu_seconds: float


def run_cell(cell: Cell, seeds: Sequence[int], checkpoint: Path | None = None) -> Outcome:
    """Search, train on every seed, test."""
    started, cpu_started = time.perf_counter(), time.process_time()
    if cell.variant == "annealed":
        strength = ANNEALED_STRENGTH if cell.depth == 1 else ANNEALED_DEEP_STRENGTH
        choice, searched = Choice(strength, ANNEALED_LEARNING_RATE, ANNEALED_STEPS), 0
    else:
        choice, searched = search(cell, low_rank_problems(seeds[:1], **cell.problem))
    problems = low_rank_problems(seeds, **cell.problem)
    run = dynamics(cell, problems, seeds, [(choice.strength, choice.learning_rate)] * len(seeds))
    if checkpoint is not None and checkpoint.exists():
        run.load(checkpoint)
    run.advance(choice.steps - int(run.steps.max()), checkpoint)
    return Outcome(
        choice,
        problems.test_error(run.end_product).tolist(),
        effective_rank(accurate_singular_values(run.end_product)).tolist(),
        searched + int(run.steps.sum()),
        time.perf_counter() - started,
        time.process_time() - cpu_started,
    )


def search(cell: Cell, problem: Problems) -> tuple[Choice, int]:
    """What of the cell's grid predicts held-out observed entries best, and how many steps of networks it took.

    Args:
        cell: whose grid to search.
        problem: one problem, whose observed entries alone are used.
    """
    held_out = _held_out(problem.observed)
    count = len(cell.grid)
    train = Problems(*(part.expand(count, -1, -1) for part in (problem.truth, problem.observed, problem.observations)))
    train = Problems(train.truth, train.observed & ~held_out, train.observations)
    run = dynamics(cell, train, [0] * count, cell.grid)
    taken = 0

    def errors() -> Tensor:  # (B,)
        squares = torch.where(held_out, (run.end_product - problem.observations).square(), 0.0)
        return squares.sum((-2, -1)) / held_out.sum()

    def advance(steps: int) -> None:
        nonlocal taken
        before = int(run.steps.sum())
        run.advance(steps)
        taken += int(run.steps.sum()) - before

    advance(FIRST_RUNG)
    order = errors().argsort(stable=True)
    strengths = sorted({strength for strength, _ in cell.grid})
    run.keep(torch.stack([order[run.strengths[order] == strength][0] for strength in strengths]))
    advance(SECOND_RUNG - FIRST_RUNG)
    run.keep(errors().argsort(stable=True)[:1])

    best = lowest = float(errors()[0])
    steps = better_at = int(run.steps[0])
    while len(run.running) and (now := int(run.steps[0])) < MOST_STEPS and now - better_at < PATIENCE:
        advance(BLOCK)
        error = float(errors()[0])
        if error < best:
            best, steps = error, int(run.steps[0])
        if error < 0.99 * lowest:
            lowest, better_at = error, int(run.steps[0])
    choice = Choice(float(run.strengths[0]), float(run.learning_rates[0]), steps)
    return choice, taken


def dynamics(cell: Cell, problems: Problems, seeds: Sequence[int], pairs: Sequence[tuple[float, float]]) -> Dynamics:
    """The cell's training on B problems at its start, with a seed and a pair of λ and learning rate for each."""
    annealed = cell.variant == "annealed"
    return Dynamics(
        problems.observations,
        problems.observed,
        seeds=seeds,
        optimizer=cell.optimizer,
        depth=cell.depth,
        penalty=cell.penalty,
        strengths=torch.tensor([strength for strength, _ in pairs], dtype=torch.float64),
        learning_rates=torch.tensor([rate for _, rate in pairs], dtype=torch.float64),
        optimizer_options=ANNEALED_OPTIONS if annealed else None,
        annealing=ANNEALING if annealed else None,
    )


def _held_out(observed: Tensor) -> Tensor:
    """A tenth of the true entries of (1, n, m), the same each time."""
    places = torch.nonzero(observed.flatten()).flatten()
    drawn = torch.randperm(len(places), generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(observed.numel(), dtype=torch.bool)
    mask[places[drawn[: max(1, int(HELD_OUT * len(places)))]]] = True
    return mask.reshape(observed.shape)
