"""Leading directions of matrices that are known by their factors, or that are symmetric."""

from __future__ import annotations

import pytest
import torch

from recsys.linalg.leading import balanced, leading_of_symmetric, truncated_product
from recsys.share import Share


@pytest.mark.parametrize(("count", "error"), [(40, 1e-12), (200, 1e-12), (10, 1e-3)])
def test_a_symmetric_matrix_has_the_values_of_largest_size_with_their_vectors(count: int, error: float) -> None:
    generator = torch.Generator().manual_seed(1)
    basis = torch.linalg.qr(torch.randn(120, 120, generator=generator, dtype=torch.float64))[0]
    planted = torch.zeros(120, dtype=torch.float64)
    planted[:40] = 0.8 ** torch.arange(40) * (-1.0) ** torch.arange(40)  # of both signs, and of rank 40
    vectors, values = leading_of_symmetric(basis * planted @ basis.T, count)
    kept = min(count, 40)
    torch.testing.assert_close(values[:kept], planted[:kept], rtol=0, atol=error)
    closest = basis[:, :kept] * planted[:kept] @ basis[:, :kept].T
    torch.testing.assert_close(vectors * values @ vectors.T, closest, rtol=0, atol=10 * error)


@pytest.mark.parametrize(("m", "n", "c", "rank"), [(30, 20, 8, 5), (30, 20, 25, 5), (6, 20, 8, 10), (30, 4, 8, 10)])
def test_a_product_is_truncated_to_the_closest_of_its_rank(m: int, n: int, c: int, rank: int) -> None:
    generator = torch.Generator().manual_seed(2)
    left, right = (torch.randn(rows, c, generator=generator, dtype=torch.float64) for rows in (m, n))
    u, values, v = torch.linalg.svd(left @ right.T, full_matrices=False)
    factor, to_other = truncated_product(left, right, rank, Share.whole(len(left)))
    kept = min(m, n, c, rank)
    assert [side.shape for side in (factor, to_other)] == [(m, kept), (c, kept)]
    torch.testing.assert_close(factor @ (right @ to_other).T, u[:, :kept] * values[:kept] @ v[:kept])


@pytest.mark.parametrize("rank", [6, 4])
def test_balanced_factors_have_one_gram_matrix_and_move_as_little_as_what_they_are_made_of(rank: int) -> None:
    generator = torch.Generator().manual_seed(3)
    mixed = torch.randn(rank, 6, generator=generator, dtype=torch.float64)
    left = 10 * torch.linalg.qr(torch.randn(30, rank, generator=generator, dtype=torch.float64))[0] @ mixed
    right = torch.linalg.qr(torch.randn(20, 6, generator=generator, dtype=torch.float64))[0]  # σ nearly equal, if any
    found = balanced(left, right, Share.whole(len(left)))
    torch.testing.assert_close(found[0] @ found[1].T, left @ right.T)
    torch.testing.assert_close(found[0].T @ found[0], found[1].T @ found[1], rtol=0, atol=0.05)
    moved = balanced(left * (1 + 1e-9), right, Share.whole(len(left)))
    torch.testing.assert_close(moved, found, rtol=1e-7, atol=1e-7)
