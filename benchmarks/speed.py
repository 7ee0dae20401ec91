"""Measure speed as ratios within one run: python -m benchmarks.speed [--only synthetic] [--json FILE].

The machines this runs on are shared, so a time by itself says little. Both sides of a ratio take turns, and the ratio
of the medians is what counts.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import synthetic_speed
from benchmarks.environment import environment
from recsys.files import write_atomically
from recsys.penalties import RatioPenalty

USERS, ITEMS = 943, 1682  # MovieLens-100K
TURNS = 25


def ratings_like_matrix() -> Tensor:
    """A float32 matrix with the spectrum of a linear network in training: σ from about 4200 down to 0.03."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    means = 3.5 + 0.4 * normal(USERS, 1) + 0.5 * normal(1, ITEMS)
    tastes = normal(USERS, 20) @ (torch.logspace(-1, -2, 20, dtype=torch.float64)[:, None] * normal(20, ITEMS)) / 3
    return (means + tastes + 0.002 * normal(USERS, ITEMS)).float()


def ratio_of_ours(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Value and gradient of ‖W‖_* / ‖W‖_F in closed form."""
    return _value_and_gradient(RatioPenalty(1.0), matrix)


def ratio_by_autograd(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Value and gradient of ‖W‖_* / ‖W‖_F through torch.linalg.matrix_norm."""
    return _value_and_gradient(lambda w: torch.linalg.matrix_norm(w, "nuc") / torch.linalg.matrix_norm(w), matrix)


def _value_and_gradient(function: Callable[[Tensor], Tensor], matrix: Tensor) -> tuple[Tensor, Tensor]:
    leaf = matrix.detach().requires_grad_()
    value = function(leaf)
    value.backward()  # type: ignore[no-untyped-call]  # torch has no types here
    assert leaf.grad is not None
    return value.detach(), leaf.grad


def alternate(ours: Callable[[], object], other: Callable[[], object], turns: int) -> tuple[list[float], list[float]]:
    """Seconds of each of `turns` calls of two functions that take turns, after one call of each to warm up."""
    ours()
    other()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(turns):
        for function, taken in zip((ours, other), times, strict=True):
            start = time.perf_counter()
            function()
            taken.append(time.perf_counter() - start)
    return times


def penalty_step(matrix: Tensor, name: str) -> dict[str, object]:
    """One row: value and gradient of the ratio penalty, ours against autograd, and how far each is from float64."""
    exact = ratio_by_autograd(matrix.double())[1]
    ours, autograd = alternate(lambda: ratio_of_ours(matrix), lambda: ratio_by_autograd(matrix), TURNS)

    def error(gradient: Tensor) -> float:
        return float((gradient.double() - exact).norm() / exact.norm())

    return {
        "name": name,
        "ours_ms": round(statistics.median(ours) * 1e3, 1),
        "autograd_ms": round(statistics.median(autograd) * 1e3, 1),
        "ratio": round(statistics.median(autograd) / statistics.median(ours), 2),
        "ours_gradient_error": error(ratio_of_ours(matrix)[1]),
        "autograd_gradient_error": error(ratio_by_autograd(matrix)[1]),
    }


def main() -> None:
    """Measure, print a table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["penalty", "synthetic"], default="penalty", help="what to measure (penalty)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file, too")
    arguments = parser.parse_args()
    rows = measure_synthetic() if arguments.only == "synthetic" else measure_penalty()
    if arguments.json:
        write_atomically(arguments.json, (json.dumps({**environment(), "rows": rows}, indent=2) + "\n").encode())


def measure_penalty() -> list[dict[str, object]]:
    """Rows of the penalty's value and gradient, which are printed, too."""
    generator = torch.Generator().manual_seed(0)
    rows = [
        penalty_step(ratings_like_matrix(), f"ratio penalty, ratings-like {USERS}x{ITEMS}"),
        penalty_step(torch.randn(USERS, ITEMS, generator=generator), f"ratio penalty, Gaussian {USERS}x{ITEMS}"),
        penalty_step(torch.randn(ITEMS, 128, generator=generator), f"ratio penalty, Gaussian {ITEMS}x128"),
    ]
    print(f"{'value and gradient, float32':<40}{'ours':>10}{'autograd':>10}{'ratio':>7}   error of ours, of autograd")
    for row in rows:
        print(
            f"{row['name']:<40}{row['ours_ms']:>7} ms{row['autograd_ms']:>7} ms{row['ratio']:>7}"
            f"   {row['ours_gradient_error']:.1e}, {row['autograd_gradient_error']:.1e}"
        )
    return rows


def measure_synthetic() -> list[dict[str, object]]:
    """Rows of the controlled experiments' cell-steps, which are printed, too."""
    rows = synthetic_speed.rows()
    print(f"{'cell-step, float64, 100x100':<40}{'ours':>10}{'autograd':>10}{'ratio':>7}")
    for row in rows:
        print(f"{row['name']:<40}{row['ours_us']:>7} µs{row['autograd_us']:>7} µs{row['ratio']:>7}")
    return rows


if __name__ == "__main__":
    main()
