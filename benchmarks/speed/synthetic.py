"""How many steps of how many cells of Table 1 are taken in a second: ours, and one cell at a time with autograd.

A cell-step is one step of one network on a 100×100 problem in float64. Ours is how `synthetic.table1` computes: a
process of one thread for each core, each with a batch. The other is one process with torch.optim and autograd through
the singular value decomposition, on one thread, which is faster for matrices of this size than several.

Its gradient of the penalty is exact to rounding. Ours comes from the Gram matrix, which loses the directions of
singular values below √ε σ₁ = 1e-8 σ₁ and has those above it to (1e-8 σ₁ / σ)²: the error stands beside the times.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import Any

import torch
from torch import Tensor

from recsys.linalg.product import product
from recsys.linalg.spectral import decompose, leading_singular_vectors
from recsys.penalties import SchattenRatioPenalty
from synthetic.dynamics import Dynamics
from synthetic.optimizers import OPTIMIZERS
from synthetic.penalties import PENALTIES
from synthetic.problems import low_rank_problems

BATCH = 6  # about what the search has left of a grid, and two times the seeds
STEPS = 40  # a turn
TURNS = 9
CELLS = [
    ("adam", 1, "ratio"),
    ("adam", 1, "schatten_1/2:2/3"),
    ("adam", 1, "nuclear"),
    ("adam", 1, "none"),
    ("gd", 1, "ratio"),
    ("adam", 3, "ratio"),
    ("gd", 3, "none"),
]
STRENGTH, LEARNING_RATE = 1e-4, 1e-3


class OneCell:
    """A single network, trained as anyone would write it down."""

    def __init__(self, optimizer: str, depth: int, penalty: str) -> None:
        problem = low_rank_problems([0])
        start = _batch(optimizer, depth, penalty)
        self.observed, self.observations = problem.observed[0], problem.observations[0]
        self.penalty = penalty
        self.layers = [layer[0].clone().requires_grad_() for layer in start.layers]
        kind = OPTIMIZERS[optimizer]
        self.optimizer = kind.make(self.layers, lr=LEARNING_RATE, **kind.arguments)

    def train(self, steps: int) -> None:
        """Take `steps` steps of the optimiser, with the gradient of loss and penalty by autograd."""
        for _ in range(steps):
            matrix = product(self.layers)
            loss = (matrix - self.observations)[self.observed].square().mean()
            if self.penalty != "none":
                loss = loss + STRENGTH * self._penalty(torch.linalg.svdvals(matrix))
            self.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
            self.optimizer.step()

    def _penalty(self, values: Tensor) -> Tensor:
        penalty = PENALTIES[self.penalty]
        if not isinstance(penalty, SchattenRatioPenalty):
            return values.sum()
        p, q = penalty.p, penalty.q
        ratio: Tensor = values.pow(p).sum() ** (1 / p) / values.pow(q).sum() ** (1 / q)
        return ratio


def rows() -> list[dict[str, Any]]:
    """One row for each of `CELLS`: microseconds of a cell-step, ours and theirs, medians over turns; ratio; error."""
    torch.set_num_threads(1)
    processes = os.cpu_count() or 1
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        return [_row(pool, processes, cell) for cell in CELLS]


def _row(pool: ProcessPoolExecutor, processes: int, cell: tuple[str, int, str]) -> dict[str, Any]:
    one = OneCell(*cell)
    ours, theirs = [], []
    for turn in range(TURNS + 1):
        start = time.perf_counter()
        list(pool.map(_train_batch, [cell] * processes))
        seconds = time.perf_counter() - start
        start = time.perf_counter()
        one.train(STEPS)
        if turn > 0:  # the first warms up
            ours.append(seconds / (processes * BATCH * STEPS) * 1e6)
            theirs.append((time.perf_counter() - start) / STEPS * 1e6)
    return {
        "name": ":".join(map(str, cell)),
        "ours_us": round(statistics.median(ours)),
        "autograd_us": round(statistics.median(theirs)),
        "ratio": round(statistics.median(theirs) / statistics.median(ours), 2),
        "gradient_error": gradient_error(*cell),
    }


def gradient_error(optimizer: str, depth: int, penalty: str) -> float | None:
    """‖G − G′‖_F / ‖G′‖_F of the penalty's gradient after all turns, a batch's median; G′ is of LAPACK's U, σ, V."""
    function = PENALTIES[penalty]
    if function is None:
        return None
    run = _batch.__wrapped__(optimizer, depth, penalty)
    run.advance((TURNS + 1) * STEPS)
    left, values, right = leading_singular_vectors(run.end_product, min(run.end_product.shape[-2:]))
    exact = (left * function.of_singular_values(values)[1][:, None, :]) @ right.mT
    spectrum = decompose(run.end_product)
    ours = spectrum.map(function.of_singular_values(spectrum.singular_values)[1])
    errors = torch.linalg.matrix_norm(ours - exact) / torch.linalg.matrix_norm(exact)
    return float(f"{errors.median():.0e}")


def _train_batch(cell: tuple[str, int, str]) -> None:
    _batch(*cell).advance(STEPS)


@cache
def _batch(optimizer: str, depth: int, penalty: str) -> Dynamics:
    problems = low_rank_problems(list(range(BATCH)))
    return Dynamics(
        problems.observations,
        problems.observed,
        seeds=list(range(BATCH)),
        optimizer=optimizer,
        depth=depth,
        penalty=penalty,
        strengths=torch.full((BATCH,), STRENGTH),
        learning_rates=torch.full((BATCH,), LEARNING_RATE),
    )
