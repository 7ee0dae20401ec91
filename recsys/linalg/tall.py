"""Matrices with few columns, of which a process has some of the rows: by their Gram matrix, added up in float64."""

from __future__ import annotations

import torch
from torch import Tensor

from recsys.linalg.leading import random_columns
from recsys.linalg.spectral import require_finite
from recsys.share import Share


def column_space(matrix: Tensor, rows: Share, tolerance: float = 1e-5) -> tuple[Tensor, Tensor]:
    """U (m, r) and σ (r,), descending, of (m, n): an orthonormal basis of its columns, in float64; no gradient.

    Directions with σ below `tolerance` times σ₁ are left out. From the eigenvectors of the smaller Gram matrix, in a
    third of the time of a singular value decomposition; U is orthonormal to about ε / tolerance². This process has
    some of the rows of the matrix, and of U; however the rows are shared out, signs are the same.

    Raises:
        NonFiniteMatrixError: an entry is infinite or not a number.
    """
    require_finite(matrix)
    matrix = matrix.detach().double()
    wide = rows.is_whole and matrix.shape[0] <= matrix.shape[1]
    squares, vectors = torch.linalg.eigh(matrix @ matrix.mT if wide else rows.sum(matrix.mT @ matrix))
    squares, vectors = squares.flip(0), vectors.flip(1)
    kept = (squares > tolerance**2 * squares[0]) & (squares > 0)
    values, vectors = squares[kept].sqrt(), vectors[:, kept]
    # Of the two signs of a pair, the one that no rounding turns: that of the right vector's product with numbers.
    right = matrix.mT @ vectors if wide else vectors
    signs = torch.where(right.mT @ random_columns(len(right), 1).to(right) < 0, -1.0, 1.0)[:, 0]
    return (vectors if wide else matrix @ vectors / values) * signs, values


def right_singular_vectors(matrix: Tensor, rows: Share) -> tuple[Tensor, Tensor]:
    """σ (n,), descending, and V (n, n) of (m, n), in float64; no gradient. This process has some of the rows.

    Values below what rounding of the matrix's own type leaves of σ₁, or squaring it in float64, 1e-8 √n, are exactly 0.

    Raises:
        NonFiniteMatrixError: an entry is infinite or not a number.
    """
    precise = matrix.detach().double()
    gram = rows.sum(precise.mT @ precise)
    require_finite(gram)
    squares, vectors = torch.linalg.eigh(gram)
    least = max(torch.finfo(matrix.dtype).eps ** 2, len(gram) * torch.finfo(gram.dtype).eps) * squares[-1]
    values = torch.where(squares > least, squares, 0.0).sqrt()
    return values.flip(0), vectors.flip(1)
