"""What happens to a network in training: test error, effective rank and singular values over the iterations."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from recsys.files import write_atomically
from recsys.linalg.spectral import effective_rank
from recsys.results.fingerprint import code_of, fingerprint
from synthetic.dynamics import Dynamics
from synthetic.problems import low_rank_problems

POINTS = 60  # of a curve, evenly on a logarithmic axis


@dataclass(frozen=True)
class Setting:
    """Networks that are trained together, one for each λ and seed, on the 100×100 problems of rank 5."""

    optimizer: str
    depth: int
    penalty: str
    strengths: tuple[float, ...]  # λ
    learning_rate: float
    steps: int


def curves(setting: Setting, seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """One row for each λ, seed and recorded iteration; from `folder` where it is there, else computed and left there.

    Columns: optimizer, depth, lambda, seed, iteration, test_error, effective_rank, sigma_1, sigma_5.
    """
    key = fingerprint([*asdict(setting).values(), list(seeds)], _code())
    finished = folder / f"{setting.optimizer}-{setting.depth}-{setting.penalty.replace('/', '-')}-{key}.csv"
    if not finished.is_file():
        write_atomically(finished, as_csv(_train(setting, seeds)))
    return pd.read_csv(finished)


@cache  # a process runs the code that it has loaded, whatever becomes of the files
def _code() -> str:
    return code_of("synthetic.figures.curves")


def as_csv(frame: pd.DataFrame) -> bytes:
    """The frame as a CSV file with six digits, which is more than seeds agree on."""
    text = io.StringIO()
    frame.to_csv(text, index=False, float_format="%.6g")
    return text.getvalue().encode()


def _train(setting: Setting, seeds: Sequence[int]) -> pd.DataFrame:
    problems = low_rank_problems(seeds)
    count = len(setting.strengths)
    run = Dynamics(
        problems.observations.repeat(count, 1, 1),
        problems.observed.repeat(count, 1, 1),
        seeds=list(seeds) * count,
        optimizer=setting.optimizer,
        depth=setting.depth,
        penalty=setting.penalty,
        strengths=torch.tensor(setting.strengths, dtype=torch.float64).repeat_interleave(len(seeds)),
        learning_rates=torch.full((count * len(seeds),), setting.learning_rate, dtype=torch.float64),
    )
    rows = []
    done = 0
    for iteration in sorted({round(point) for point in np.geomspace(1, setting.steps, POINTS)}):
        run.advance(iteration - done)
        done = iteration
        product = run.end_product.reshape(count, len(seeds), *problems.truth.shape[1:])  # (λ, seeds, n, m)
        errors = problems.test_error(product)  # (λ, seeds)
        values = run.singular_values().reshape(count, len(seeds), -1)
        ranks = effective_rank(values)
        for i, strength in enumerate(setting.strengths):
            for j, seed in enumerate(seeds):
                measured = [errors[i, j], ranks[i, j], values[i, j, 0], values[i, j, 4]]
                place = [setting.optimizer, setting.depth, strength, seed, iteration]
                rows.append(place + [float(value) for value in measured])
    names = ["optimizer", "depth", "lambda", "seed", "iteration", "test_error", "effective_rank", "sigma_1", "sigma_5"]
    return pd.DataFrame(rows, columns=names)
