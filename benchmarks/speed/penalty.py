"""Value and gradient of the ratio penalty: in closed form, smoothed, and by autograd."""

from __future__ import annotations

import statistics

import torch
from torch import Tensor

from benchmarks.speed import training
from benchmarks.speed.turns import alternate
from recsys.penalties import Penalty, RatioPenalty

USERS, ITEMS = 943, 1682  # MovieLens-100K


def rows() -> list[dict[str, object]]:
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
