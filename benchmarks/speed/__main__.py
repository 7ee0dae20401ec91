"""Measure speed as ratios within one run: python -m benchmarks.speed [--json FILE].

The machines this runs on are shared, so a time by itself says little. Both sides of a ratio take turns, and the ratio
of the medians is what counts.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
from collections.abc import Callable
from typing import Any

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from benchmarks.speed import growth, synthetic, training
from benchmarks.speed.turns import alternate
from recsys.environment import environment
from recsys.files import write_atomically
from recsys.penalties import Penalty, RatioPenalty
from recsys.targets import results_file

USERS, ITEMS = 943, 1682  # MovieLens-100K


def ratings_like_matrix() -> Tensor:
    """A float32 matrix with the spectrum of a linear network in training: σ from about 4200 down to 0.03."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    means = 3.5 + 0.4 * normal(USERS, 1) + 0.5 * normal(1, ITEMS)
    tastes = normal(USERS, 20) @ (torch.logspace(-1, -2, 20, dtype=torch.float64)[:, None] * normal(20, ITEMS)) / 3
    return (means + tastes + 0.002 * normal(USERS, ITEMS)).float()


def value_and_gradient(penalty: Penalty, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Of a penalty on (m, n): (), (m, n)."""
    leaf = matrix.detach().requires_grad_()
    value: Tensor = penalty(leaf)
    value.backward()  # type: ignore[no-untyped-call]  # torch has no types here
    assert leaf.grad is not None
    return value.detach(), leaf.grad


def penalty_step(penalty: Penalty, matrix: Tensor, name: str, turns: int = 25) -> dict[str, object]:
    """One row: value and gradient of a penalty against those of the ratio by autograd.

    Beside the times, how far the gradients are from their own in float64.
    """
    naive = training.AutogradRatioPenalty(1.0)
    ours, autograd = alternate(
        lambda: value_and_gradient(penalty, matrix), lambda: value_and_gradient(naive, matrix), turns
    )

    def error(of: Penalty) -> float:
        gradient, exact = (value_and_gradient(of, typed)[1].double() for typed in (matrix, matrix.double()))
        return float((gradient - exact).norm() / exact.norm())

    return {
        "name": name,
        "ours_ms": round(statistics.median(ours) * 1e3, 1),
        "autograd_ms": round(statistics.median(autograd) * 1e3, 1),
        "ratio": round(statistics.median(autograd) / statistics.median(ours), 2),
        "ours_gradient_error": error(penalty),
        "autograd_gradient_error": error(naive),
    }


def penalty_rows() -> list[dict[str, object]]:
    """The ratio penalty on matrices of MovieLens-100K's size and on tall embeddings."""
    generator = torch.Generator().manual_seed(0)
    trained = training.matrix_in_training(steps=10)
    size = f"linear network in training {USERS}x{ITEMS}"
    ratio = RatioPenalty(1.0)
    return [
        penalty_step(training.SMOOTHED, trained, f"smoothed ratio penalty, {size}"),
        penalty_step(ratio, trained, f"ratio penalty, {size}"),
        penalty_step(ratio, ratings_like_matrix(), f"ratio penalty, ratings-like {USERS}x{ITEMS}"),
        penalty_step(ratio, torch.randn(USERS, ITEMS, generator=generator), f"ratio penalty, Gaussian {USERS}x{ITEMS}"),
        *(
            penalty_step(ratio, torch.randn(n, 128, generator=generator), f"ratio penalty, Gaussian {n:,}x128", turns=9)
            for n in (ITEMS, 100_000, 1_000_000)
        ),
    ]


PARTS: dict[str, Callable[[argparse.Namespace], list[dict[str, object]]]] = {
    "penalty": lambda arguments: penalty_rows(),
    "training": lambda arguments: training.rows(arguments.seeds),
    "growth": lambda arguments: growth.rows(arguments.sizes),
    "synthetic": lambda arguments: synthetic.rows(),
}


def is_speed(content: dict[str, Any]) -> bool:
    """Whether a file's content is of this kind, so that parts of it can be replaced."""
    return content.keys() <= PARTS.keys() and all("rows" in part for part in content.values())


def main() -> None:
    """Measure, print tables, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="what to measure")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of `training`: seeds of the splits")
    sizes = list(growth.SIZES)
    parser.add_argument("--sizes", nargs="+", choices=sizes, default=sizes, help="of `growth`: sizes of the data")
    parser.add_argument(
        "--json", type=results_file(is_speed), metavar="FILE", help="write the rows to this file, too; other parts stay"
    )
    arguments = parser.parse_args()
    for part in arguments.only:
        found = PARTS[part](arguments)
        print(as_table(part, found), flush=True)
        if arguments.json:
            before = json.loads(arguments.json.read_text()) if arguments.json.is_file() else {}
            content = {**before, part: {**environment(), "rows": found}}
            write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())


def as_table(title: str, rows: list[dict[str, object]]) -> str:
    """The rows under their names, in columns as wide as they need."""
    table = Table(*rows[0], title=title, box=None, title_justify="left")
    for row in rows:
        table.add_row(
            *(
                "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
                for value in row.values()
            )
        )
    text = io.StringIO()
    Console(width=160, file=text).print(table)
    return text.getvalue()


if __name__ == "__main__":
    main()
