"""Velocities of singular values in training, as the paper's equations predict them and as they are.

A 12×12 problem of rank 2 with 100 observed entries, networks of depth 1 and 3 from balanced layers. At every recorded
iteration the change of each σ_i by one step, over the learning rate, is compared with the printed equation and, where
that is no identity, with the exact derivation in `synthetic.theorems`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from recsys.linalg.product import product
from recsys.linalg.spectral import singular_values
from synthetic import theorems
from synthetic.problems import low_rank_problems

DEPTHS = (1, 3)
STRENGTH = 0.1  # λ, large enough for the penalty to be seen beside the loss
LEARNING_RATE = 1e-3  # small, so that a step is close to the flow
STEPS, EVERY = 3000, 60
BETA_1, BETA_2 = 0.9, 0.999  # Adam's averages
CASES = {
    "3": "equation 3: gradient descent",
    "5": "equation 5: Adam",
    "7": "equation 7: gradient descent, penalty",
    "9": "equation 9: Adam, penalty",
}


def velocities(seeds: Sequence[int], folder: Path) -> pd.DataFrame:
    """Columns: equation, depth, iteration, i, measured, printed, exact; of the first seed, `folder` is not needed."""
    del folder
    rows = [row for equation in CASES for depth in DEPTHS for row in _train(equation, depth, seeds[0])]
    return pd.DataFrame(rows, columns=["equation", "depth", "iteration", "i", "measured", "printed", "exact"])


def _train(equation: str, depth: int, seed: int) -> list[tuple[str, int, int, int, float, float, float]]:
    problem = low_rank_problems([seed], shape=(12, 12), rank=2, observed=100)
    observed, observations = problem.observed[0], problem.observations[0]
    start = torch.randn(12, 12, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    layers = theorems.balanced_layers(0.1 * start, depth)
    strength = STRENGTH if equation in ("7", "9") else 0.0
    adam = _AdamAverages(layers) if equation in ("5", "9") else None
    rows = []
    for iteration in range(1, STEPS + 1):
        matrix = product(layers)
        loss_gradient = 2 * torch.where(observed, matrix - observations, 0.0) / observed.sum()
        gradient = loss_gradient + strength * theorems.ratio_gradient(matrix)
        gradients = [_layer_gradient(layers, j, gradient) for j in range(depth)]
        moves = [-g for g in gradients] if adam is None else adam.moves(gradients)
        moved = [layer + LEARNING_RATE * move for layer, move in zip(layers, moves, strict=True)]
        if iteration % EVERY == 0:
            measured = (singular_values(product(moved)) - singular_values(matrix)) / LEARNING_RATE
            if adam is None:
                printed = theorems.equation_7(matrix, loss_gradient, depth, strength)
                exact = theorems.equation_7_exact(matrix, loss_gradient, depth, strength)
            else:
                printed, exact = _of_adam(layers, matrix, loss_gradient, gradients, adam.scales(gradients), strength)
            for i in range(6):
                compared = float(measured[i]), float(printed[i]), float(exact[i])
                rows.append((equation, depth, iteration, i + 1, *compared))
        layers = moved
    return rows


def _of_adam(
    layers: Sequence[Tensor],
    matrix: Tensor,
    loss_gradient: Tensor,
    gradients: Sequence[Tensor],
    scales: Sequence[Tensor],
    strength: float,
) -> tuple[Tensor, Tensor]:
    """Velocities under Adam as equation 5 or 9 prints them, and exactly, without momentum."""
    printed = (
        theorems.equation_9(matrix, loss_gradient, scales, strength)
        if strength
        else theorems.equation_5(matrix, loss_gradient, scales)
    )
    flow = [-scale * g for scale, g in zip(scales, gradients, strict=True)]
    return printed, theorems.projections(matrix, theorems.end_product_velocity(layers, flow))


class _AdamAverages:
    """Adam's averages of the gradients ∂L/∂W_j of layers, W_1 first."""

    def __init__(self, layers: Sequence[Tensor]) -> None:
        self._first, self._second = ([torch.zeros_like(layer) for layer in layers] for _ in range(2))
        self._iteration = 0

    def moves(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """Take in the gradients of one more iteration; what Adam adds to each layer at learning rate 1."""
        self._iteration += 1
        self._first = [BETA_1 * m + (1 - BETA_1) * g for m, g in zip(self._first, gradients, strict=True)]
        self._second = [BETA_2 * v + (1 - BETA_2) * g.square() for v, g in zip(self._second, gradients, strict=True)]
        return [-m / v.sqrt().clamp(min=1e-15) for m, v in self._unbiased()]

    def scales(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        """S_j = ((∂L/∂W_j)² + s_j²)^(−1/2) of equation 5.

        The theorem's s_j² is the gradient's variance: the mean square less the squared mean.
        """
        return [
            (g.square() + (v - m.square()).clamp(min=0)).clamp(min=1e-30).rsqrt()
            for g, (m, v) in zip(gradients, self._unbiased(), strict=True)
        ]

    def _unbiased(self) -> list[tuple[Tensor, Tensor]]:
        """Mean and mean square of each layer's gradient, as if the averages had not started at zero."""
        first, second = 1 - BETA_1**self._iteration, 1 - BETA_2**self._iteration
        return [(m / first, v / second) for m, v in zip(self._first, self._second, strict=True)]


def _layer_gradient(layers: Sequence[Tensor], j: int, gradient: Tensor) -> Tensor:
    """(W_N ⋯ W_{j+1})ᵀ G (W_{j−1} ⋯ W_1)ᵀ, with j from 0."""
    for layer in reversed(layers[j + 1 :]):
        gradient = layer.mT @ gradient
    for layer in layers[:j]:
        gradient = gradient @ layer.mT
    return gradient


def draw(data: pd.DataFrame) -> Figure:
    """A panel for each equation and depth, predicted over measured velocities: what is exact lies on the diagonal."""
    figure = Figure(figsize=(12, 6.6), layout="constrained")
    grid = figure.subplots(len(DEPTHS), len(CASES), squeeze=False)
    for row, depth in zip(grid, DEPTHS, strict=True):
        for axes, (equation, name) in zip(row, CASES.items(), strict=True):
            chosen = data[(data["equation"].astype(str) == equation) & (data["depth"] == depth)]
            extent = 1.3 * max(chosen["measured"].abs().max(), 1e-6)
            axes.plot([-extent, extent], [-extent, extent], color="0.7", linewidth=1, zorder=0)
            for column, marker, colour in (("printed", "o", "tab:orange"), ("exact", "x", "tab:blue")):
                axes.scatter(
                    chosen["measured"], chosen[column], 14, colour, marker=marker, linewidths=0.8, label=column
                )
            threshold = extent / 1000
            axes.set_xscale("symlog", linthresh=threshold)
            axes.set_yscale("symlog", linthresh=threshold)
            ticks = [-extent, 0, extent]
            axes.set_xticks(ticks, [f"{tick:.0e}" if tick else "0" for tick in ticks], minor=False)
            axes.set_yticks(ticks, [f"{tick:.0e}" if tick else "0" for tick in ticks], minor=False)
            axes.minorticks_off()
            axes.set(title=f"{name}, depth {depth}", xlabel="measured velocity", ylabel="predicted velocity")
            axes.title.set_fontsize(9)
            axes.grid(alpha=0.25)
    handles, labels = grid[0][0].get_legend_handles_labels()
    labels = ["printed equation", "exact derivation (of equations 5 and 9 without momentum)"]
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    figure.suptitle(
        "Velocities of the six largest singular values in training: predictions on the diagonal are right\n"
        f"12×12 problem of rank 2, 100 entries observed, {STEPS} steps; penalty with λ = {STRENGTH}"
    )
    return figure
