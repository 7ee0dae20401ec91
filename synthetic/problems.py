"""Matrix completion problems with a known answer: a low-rank ground truth and a few of its entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Problems:
    """A batch of B problems of one shape, one for each seed.

    `observations` equals the truth, plus noise if there is any, where `observed` is true, and 0 elsewhere.
    """

    truth: Tensor  # (B, n, m), float64
    observed: Tensor  # (B, n, m), bool
    observations: Tensor  # (B, n, m), float64

    def test_error(self, estimate: Tensor) -> Tensor:
        """Mean squared error over the unobserved entries of (..., B, n, m), as (..., B); 0 if there are none."""
        hidden = ~self.observed
        squares = torch.where(hidden, (estimate - self.truth).square(), 0.0)
        return squares.sum((-2, -1)) / hidden.sum((-2, -1)).clamp(min=1)


def low_rank_problems(
    seeds: Sequence[int],
    shape: tuple[int, int] = (100, 100),
    rank: int = 5,
    observed: int = 2000,
    noise: float = 0.0,
) -> Problems:
    """Problems with truth c U Vᵀ, U (n, rank) and V (m, rank) Gaussian, c such that the mean square entry is 1.

    Args:
        seeds: one problem for each; a problem is a function of its seed and the other arguments alone.
        shape: n and m.
        rank: rank of the truth.
        observed: number of entries observed, drawn uniformly without replacement.
        noise: standard deviation of the Gaussian noise added to the observations; the truth stays clean.

    Raises:
        ValueError: an argument does not fit the shape, or there is no seed.

    Source: the setting of the paper's section 3.
    """
    n, m = shape
    if not seeds:
        raise ValueError("no seeds: there must be one for each problem")
    if not 1 <= rank <= min(n, m):
        raise ValueError(f"a {n}x{m} matrix has a rank of 1 to {min(n, m)}, not {rank}")
    if not 1 <= observed <= n * m:
        raise ValueError(f"of a {n}x{m} matrix 1 to {n * m} entries can be observed, not {observed}")
    if noise < 0:
        raise ValueError(f"the noise is a standard deviation, it can't be {noise}")
    drawn = [_draw(seed, n, m, rank, observed, noise) for seed in seeds]
    truth, mask, observations = (torch.stack(parts) for parts in zip(*drawn, strict=True))
    return Problems(truth, mask, observations)


def _draw(seed: int, n: int, m: int, rank: int, observed: int, noise: float) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    left = torch.randn(n, rank, generator=generator, dtype=torch.float64)
    right = torch.randn(m, rank, generator=generator, dtype=torch.float64)
    truth = left @ right.mT
    truth = truth * ((n * m) ** 0.5 / torch.linalg.vector_norm(truth))
    mask = torch.zeros(n * m, dtype=torch.bool)
    mask[torch.randperm(n * m, generator=generator)[:observed]] = True
    mask = mask.reshape(n, m)
    noisy = truth + noise * torch.randn(n, m, generator=generator, dtype=torch.float64)
    return truth, mask, torch.where(mask, noisy, 0.0)
