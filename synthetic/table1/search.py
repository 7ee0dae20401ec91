"""Training with settings that each problem chooses by its own held-out observed entries; nothing else of it is known.

A twentieth of the observed entries of each problem is held out, from rows and columns that have many. The whole grid of
λ and learning rates trains on the rest, the grids of all problems in one batch. After each of the `RUNGS` those
settings of a problem go on that predict its held-out entries best; in the end one does, until no problem gains. λ and
the learning rate leave an error, which goes as both fall, tenfold again and again; how far, held-out entries choose,
too, since noise is fitted on the way.
Then the network goes on from before the fall, with all observed entries, and falls as far as was chosen.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from synthetic.annealing import Annealing
from synthetic.dynamics import Dynamics
from synthetic.problems import Problems
from synthetic.table1.cells import OPTIONS, RATES_FALL, Cell

HELD_OUT = 0.05
RUNGS = ((500, 3), (1000, 2), (1500, 1))  # after so many steps, so many settings of each problem go on
BLOCK = 250  # steps between two looks at the held-out error
PATIENCE = 750  # steps without a problem that gains: whose held-out error falls to so much of its lowest, or less,
GAIN, STEADY_GAIN = 0.7, 0.97  # with optimisers whose steps stay as large, and their error as noisy; with the others
MOST_STEPS, MOST_UNPENALISED_STEPS = 6000, 16_000  # the decomposition for a penalty is most of a step
FALLS = tuple(quarter / 4 for quarter in range(11))  # decades that can be fallen
SEARCHED_STEPS_PER_DECADE, STEPS_PER_DECADE = 200, 400
SETTLING = 300  # steps with all observed entries before the fall
EVERY = 10  # steps between two changes of λ and the learning rate


@dataclass(frozen=True)
class Choice:
    """What was chosen for one problem."""

    strength: float  # λ
    learning_rate: float
    steps: int  # before the fall
    decades: float  # that λ fell by, and with most optimisers the learning rate


class Trained(NamedTuple):
    """Estimates of the matrices, and how they were come to."""

    estimate: Tensor  # (B, n, m)
    choices: list[Choice]
    cell_steps: int  # steps of single networks, the search's included


def train(cell: Cell, problems: Problems, seeds: Sequence[int]) -> Trained:
    """Search, then train with all observed entries.

    Args:
        cell: whose optimiser, depth, penalty and grid to use.
        problems: B of them, whose truth is not looked at.
        seeds: of the starts, B of them.
    """
    search = _Search(cell, problems, seeds)
    for steps, kept in RUNGS:
        search.advance(steps)
        search.keep(kept)
    search.go_on()
    run = copy.deepcopy(search.run)
    decades = search.fall()

    taken = search.taken - int(run.steps.sum())
    run.observe(problems.observations, problems.observed)
    run.advance(SETTLING)
    choices = [
        Choice(float(run.strengths[i]), float(run.learning_rates[i]), int(run.steps[i]), float(decades[i]))
        for i in range(len(seeds))
    ]
    estimate = run.end_product
    fall = _Fall(run, cell, STEPS_PER_DECADE)
    for fallen in sorted(set(decades.tolist())):
        fall.to(fallen)
        estimate = torch.where((decades >= fallen)[:, None, None], run.end_product, estimate)
    return Trained(estimate, choices, taken + int(run.steps.sum()))


def dynamics(
    cell: Cell,
    problems: Problems,
    seeds: Sequence[int],
    pairs: Sequence[tuple[float, float]],
    annealing: Annealing | None = None,
) -> Dynamics:
    """The cell's training on B problems at its start, with a seed and a pair of λ and learning rate for each."""
    return Dynamics(
        problems.observations,
        problems.observed,
        seeds=seeds,
        optimizer=cell.optimizer,
        depth=cell.depth,
        penalty=cell.penalty,
        strengths=torch.tensor([strength for strength, _ in pairs], dtype=torch.float64),
        learning_rates=torch.tensor([rate for _, rate in pairs], dtype=torch.float64),
        optimizer_options=OPTIONS.get(cell.optimizer),
        annealing=annealing,
    )


class _Search:
    """The training of a batch of networks, each for one problem, without its held-out entries."""

    def __init__(self, cell: Cell, problems: Problems, seeds: Sequence[int]) -> None:
        self._cell, self._problems = cell, problems
        self._held_out = torch.stack([_held_out(observed) for observed in problems.observed])  # (B, n, m)
        self._of = torch.arange(len(seeds)).repeat_interleave(len(cell.grid))  # whose network each is
        observed = problems.observed & ~self._held_out
        parts = Problems(problems.truth[self._of], observed[self._of], problems.observations[self._of])
        self.run = dynamics(cell, parts, [seeds[place] for place in self._of], cell.grid * len(seeds))
        self.taken = 0

    def errors(self) -> Tensor:
        """Mean squared error of held-out entries, one for each network."""
        held_out = self._held_out[self._of]
        squares = torch.where(held_out, (self.run.end_product - self._problems.observations[self._of]).square(), 0.0)
        return squares.sum((-2, -1)) / held_out.sum((-2, -1))

    def advance(self, steps: int) -> None:
        """Train until every network that still trains has taken so many steps."""
        before = int(self.run.steps.sum())
        self.run.advance(steps - int(self.run.steps.max()))
        self.taken += int(self.run.steps.sum()) - before

    def keep(self, count: int) -> None:
        """Go on with so many networks for each problem, those with the lowest errors."""
        order = self.errors().argsort(stable=True)
        kept = torch.cat([order[self._of[order] == problem][:count] for problem in range(len(self._held_out))])
        self.run.keep(kept)
        self._of = self._of[kept]

    def go_on(self) -> None:
        """Train until no problem gains."""
        most = MOST_UNPENALISED_STEPS if self._cell.penalty == "none" else MOST_STEPS
        gain = GAIN if self._cell.optimizer in RATES_FALL else STEADY_GAIN
        lowest = self.errors()
        now = gained_at = int(self.run.steps.max())
        while len(self.run.running) and now < most and now - gained_at < PATIENCE:
            now += BLOCK
            self.advance(now)
            errors = self.errors()
            if bool((errors < gain * lowest).any()):
                gained_at = now
                lowest = torch.minimum(errors, lowest)

    def fall(self) -> Tensor:
        """Decades after which held-out entries are predicted best, one for each problem."""
        fall = _Fall(self.run, self._cell, SEARCHED_STEPS_PER_DECADE)
        errors = []
        before = int(self.run.steps.sum())
        for decades in FALLS:
            fall.to(decades)
            errors.append(self.errors())
        self.taken += int(self.run.steps.sum()) - before
        return torch.tensor(FALLS, dtype=torch.float64)[torch.stack(errors).argmin(0)]


class _Fall:
    """λ and, with optimisers whose steps do not shrink with the gradient, the learning rate fall together."""

    def __init__(self, run: Dynamics, cell: Cell, steps_per_decade: int) -> None:
        self._run, self._steps_per_decade = run, steps_per_decade
        self._strengths, self._rates = run.strengths, run.learning_rates
        self._steps, self._rates_fall = 0, cell.optimizer in RATES_FALL

    def to(self, decades: float) -> None:
        """Train until they have fallen by so many decades altogether."""
        while self._steps < round(decades * self._steps_per_decade):
            self._steps += EVERY
            factor = 10 ** (-self._steps / self._steps_per_decade)
            self._run.strengths = factor * self._strengths
            if self._rates_fall:
                self._run.learning_rates = factor * self._rates
            self._run.advance(EVERY)


def _held_out(observed: Tensor) -> Tensor:
    """A twentieth of the true entries of (n, m), the same each time, from rows and columns that have many of them.

    What is left of a row or column with few would not determine the others, whatever the settings.
    """
    rows, columns = observed.sum(1, keepdim=True), observed.sum(0, keepdim=True)
    places = torch.nonzero((observed & (rows >= rows.median()) & (columns >= columns.median())).flatten()).flatten()
    drawn = torch.randperm(len(places), generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(observed.numel(), dtype=torch.bool)
    mask[places[drawn[: max(1, int(HELD_OUT * observed.sum()))]]] = True
    return mask.reshape(observed.shape)
