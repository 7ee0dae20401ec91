"""One cell of Table 1: train on the problem of every seed, then look at the unobserved entries once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from recsys.linalg.spectral import accurate_singular_values, effective_rank
from synthetic.annealing import Annealing
from synthetic.baselines import column_space
from synthetic.problems import Problems, low_rank_problems
from synthetic.table1.cells import Cell
from synthetic.table1.search import Choice, Trained, dynamics, train

# With 1,150 steps a decade one of three problems with 2,000 observed entries stays behind at 1e-17, with 660 at 1e-8. A
# λ ten times as large, and on some problems the error stays behind; a smaller one, and the rank is found more slowly.
# A product of layers wants the larger λ that held-out entries choose for adam:3:ratio: with 1e-4 it ends at 1e-4.
ANNEALED_STRENGTH, ANNEALED_DEEP_STRENGTH, ANNEALED_LEARNING_RATE = 3e-5, 1e-3, 3e-3
ANNEALING = Annealing(constant_steps=2500, steps_per_decade=1500)
ANNEALED_STEPS = 19_700  # down to a learning rate of about 1e-14


@dataclass(frozen=True)
class Outcome:
    """What a cell came to, one value for each seed."""

    choices: list[Choice]
    test_errors: list[float]
    effective_ranks: list[float]
    oracle_test_errors: list[float]
    cell_steps: int  # steps of single networks, the search's included
    seconds: float
    cpu_seconds: float


def run_cell(cell: Cell, seeds: Sequence[int]) -> Outcome:
    """Train, test."""
    started, cpu_started = time.perf_counter(), time.process_time()
    problems = low_rank_problems(seeds, **cell.problem)
    trained = anneal(cell, problems, seeds) if cell.variant == "annealed" else train(cell, problems, seeds)
    return Outcome(
        trained.choices,
        problems.test_error(trained.estimate).tolist(),
        effective_rank(accurate_singular_values(trained.estimate)).tolist(),
        oracle_test_errors(problems),
        trained.cell_steps,
        time.perf_counter() - started,
        time.process_time() - cpu_started,
    )


def anneal(cell: Cell, problems: Problems, seeds: Sequence[int]) -> Trained:
    """Train with the same settings on every problem, until rounding stops λ and the learning rate from falling."""
    strength = ANNEALED_STRENGTH if cell.depth == 1 else ANNEALED_DEEP_STRENGTH
    pairs = [(strength, ANNEALED_LEARNING_RATE)] * len(seeds)
    run = dynamics(cell, problems, seeds, pairs, ANNEALING)
    run.advance(ANNEALED_STEPS)
    decades = (ANNEALED_STEPS - ANNEALING.constant_steps) / ANNEALING.steps_per_decade
    choice = Choice(strength, ANNEALED_LEARNING_RATE, ANNEALING.constant_steps, decades)
    return Trained(run.end_product, [choice] * len(seeds), int(run.steps.sum()))


def oracle_test_errors(problems: Problems) -> list[float]:
    """Test errors, (B,), of least squares by an oracle that knows the column spaces of the truths.

    What is left is noise, or columns of which fewer entries are known than the rank.
    """
    rank = int(torch.linalg.matrix_rank(problems.truth[0]))
    basis = torch.linalg.svd(problems.truth, full_matrices=False)[0][..., :rank]
    estimate = column_space.complete(problems.observations, problems.observed, basis)
    return problems.test_error(estimate).tolist()
