"""Matrices whose singular values are known by construction, and what float64 LAPACK says of them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from recsys.linalg.spectral import decompose, spectral_function

# How many ε results may be off, since rounding adds up: twice of what is seen at these sizes.
GROWTH = 32


def orthonormal(rows: int, columns: int, seed: int) -> Tensor:
    """Return (rows, columns) with orthonormal columns, float64."""
    noise = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    basis: Tensor = torch.linalg.qr(noise)[0]
    return basis


def planted(rows: int, columns: int, values: Tensor, seed: int = 0) -> Tensor:
    """Return a (rows, columns) float64 matrix with exactly these singular values and zeros for the others."""
    left, right = orthonormal(rows, len(values), 2 * seed), orthonormal(columns, len(values), 2 * seed + 1)
    return (left * values) @ right.mT


@dataclass(frozen=True)
class Kind:
    """A kind of matrix: its shape and its singular values above zero, descending."""

    rows: int
    columns: int
    values: tuple[float, ...]
    clear: int = 0
    """How many leading singular values stand so clear of the rest that they are taken out first."""

    @property
    def rank(self) -> int:
        return len(self.values)

    @property
    def full_rank(self) -> bool:
        return self.rank == min(self.rows, self.columns)

    @property
    def bulk(self) -> float:
        """σ′, the largest singular value that is not taken out first; 0 if there is none."""
        return max(self.values[self.clear :], default=0.0)

    @property
    def liftable(self) -> bool:
        """Whether the Gram matrix has zeros among its eigenvalues, which rounding lifts: σ = 0 to √ε σ′."""
        return self.bulk > 0 and not self.full_rank

    def matrix(self, dtype: torch.dtype = torch.float64) -> Tensor:
        return planted(self.rows, self.columns, torch.tensor(self.values, dtype=torch.float64)).to(dtype)

    def all_values(self) -> Tensor:
        """Return all min(rows, columns) singular values, float64."""
        values = torch.zeros(min(self.rows, self.columns), dtype=torch.float64)
        values[: self.rank] = torch.tensor(self.values, dtype=torch.float64)
        return values

    def value_errors(self, dtype: torch.dtype) -> Tensor:
        """Return by how much each singular value may be off: what `recsys.linalg.spectral.decompose` promises.

        The rounding of the matrix itself moves a value by ε σ₁; that of the Gram matrix moves a *squared* value by
        ε σ′², hence σ by ε σ′²/σ, and a zero to √ε σ′ at most.
        """
        rounding = GROWTH * torch.finfo(dtype).eps
        values = self.all_values()
        of_gram = torch.minimum(
            rounding * self.bulk**2 / values.clamp(min=1e-300), torch.full_like(values, rounding**0.5 * self.bulk)
        )
        return rounding * max(self.values, default=0.0) + of_gram

    def polar_error(self, dtype: torch.dtype) -> float:
        """Return by how much an entry of the polar factor may be off.

        A direction of σ turns by the rounding of its σ² relative to σ², ε σ′²/σ². A direction of σ = 0 that the Gram
        matrix's rounding lifts to √ε σ′ counts with what the matrix really has there, ε σ₁, over that.
        """
        if not self.values:
            return 0.0
        rounding = GROWTH * torch.finfo(dtype).eps
        largest, smallest = self.values[0], self.values[-1]
        turned = rounding * ((self.bulk / smallest) ** 2 + largest / smallest)
        return turned + (rounding**0.5 * largest / self.bulk if self.liftable else 0.0)


KINDS = {
    "square": Kind(7, 7, (5.0, 4.0, 3.5, 3.0, 2.0, 1.5, 1.0)),
    "tall": Kind(20, 6, (5.0, 4.0, 3.0, 2.5, 2.0, 1.0)),
    "wide": Kind(6, 20, (5.0, 4.0, 3.0, 2.5, 2.0, 1.0)),
    "repeated values": Kind(8, 9, (2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 0.5)),
    "all values equal": Kind(10, 6, (3.0,) * 6),
    "rank 3": Kind(9, 12, (3.0, 2.0, 1.0)),
    "rank 1": Kind(8, 10, (4.0,)),
    "rank 2, repeated": Kind(11, 7, (2.0, 2.0)),
    "one row": Kind(1, 9, (2.5,)),
    "one column": Kind(9, 1, (2.5,)),
    "one entry": Kind(1, 1, (2.5,)),
    "zero": Kind(5, 4, ()),
    # From here on the smaller side is large enough for leading directions to be looked for.
    "large, none clear": Kind(150, 160, tuple(torch.linspace(3, 1, 150).tolist())),
    "large, two clear": Kind(170, 140, (1000.0, 100.0, *torch.linspace(1, 0.5, 138).tolist()), clear=2),
    "large, equal and clear": Kind(140, 140, (200.0, 200.0, 200.0, *(1.0,) * 137), clear=3),
    "large, clear over a low rank": Kind(140, 180, (500.0, *(1.0,) * 29), clear=1),
    "large, rank 1": Kind(140, 200, (4.0,), clear=1),
    "large, rank 3": Kind(200, 140, (5.0, 5.0, 1.0), clear=3),
    "large, half rank": Kind(140, 140, tuple(torch.linspace(2, 1, 70).tolist())),
    "larger": Kind(300, 260, (1000.0, *torch.linspace(1, 0.5, 259).tolist()), clear=1),
    "large zero": Kind(140, 150, ()),
}
FULL_RANK = [name for name, kind in KINDS.items() if kind.full_rank]
NONZERO = [name for name, kind in KINDS.items() if kind.values]
DTYPES = [torch.float64, torch.float32]
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
either_precision = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])


@dataclass(frozen=True)
class Reference:
    """The singular value decomposition by LAPACK in float64, cut to the rank that was planted."""

    left: Tensor  # (m, rank)
    values: Tensor  # (rank,)
    right: Tensor  # (n, rank)

    def map(self, weights: Tensor) -> Tensor:
        """U diag(weights) Vᵀ for weights (rank,)."""
        return (self.left * weights) @ self.right.mT

    @property
    def polar_factor(self) -> Tensor:
        return self.map(torch.ones_like(self.values))


def reference(matrix: Tensor, rank: int) -> Reference:
    left, values, right = torch.linalg.svd(matrix.detach().double(), full_matrices=False)
    return Reference(left[:, :rank], values[:rank], right[:rank].mT)


def polar_factor(matrix: Tensor) -> Tensor:
    """U Vᵀ of (..., m, n) by `Spectrum.map`, with the directions of σ = 0 left out."""
    spectrum = decompose(matrix)
    return spectrum.map(torch.ones_like(spectrum.singular_values))


def nuclear_norm(matrix: Tensor) -> Tensor:
    """‖W‖_* = Σ σᵢ of (..., m, n) as (...,), by `spectral_function`, with gradient U Vᵀ."""
    return spectral_function(matrix, lambda values: (values.sum(-1), (values > 0).to(values.dtype)))


def log_of_squares(values: Tensor) -> tuple[Tensor, Tensor]:
    """Σ log(1 + σ²), which is smooth in the matrix everywhere, also where singular values are equal or zero."""
    return values.square().log1p().sum(-1), 2 * values / (1 + values.square())
