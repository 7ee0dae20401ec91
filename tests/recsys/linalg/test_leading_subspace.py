"""The leading directions of a matrix's rows, from its products, on matrices whose singular values are planted."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from recsys.linalg.leading import leading_subspace, random_columns
from recsys.linalg.spectral import leading_singular_vectors
from tests.recsys.linalg.planted import planted


def found(matrix: Tensor, count: int) -> Tensor:
    return leading_subspace(lambda columns: matrix.T @ (matrix @ columns), random_columns(matrix.shape[1], count))


@pytest.mark.parametrize("shape", [(200, 120), (90, 150)])
def test_directions_that_stand_clear_are_those_of_the_exact_decomposition(shape: tuple[int, int]) -> None:
    values = 0.8 ** torch.arange(60, dtype=torch.float64)
    matrix = planted(*shape, values)
    basis = found(matrix, 30)
    torch.testing.assert_close(basis.T @ basis, torch.eye(30, dtype=torch.float64), rtol=0, atol=1e-14)
    torch.testing.assert_close(torch.linalg.svdvals(matrix @ basis)[:10], values[:10], rtol=1e-9, atol=0)
    exact = leading_singular_vectors(matrix, 10)[2]
    # Each of the four iterations turns the tenth direction by (σ₃₁ / σ₁₀)² from its place, 8e-5 in all of them.
    torch.testing.assert_close(basis @ (basis.T @ exact), exact, rtol=0, atol=1e-3)
    torch.testing.assert_close(basis @ (basis.T @ exact[:, :3]), exact[:, :3], rtol=0, atol=1e-6)


def test_of_a_spectrum_without_a_gap_nearly_as_much_is_kept_as_there_can_be() -> None:
    values = 1 / (1 + torch.arange(300, dtype=torch.float64)) ** 0.25
    matrix = planted(400, 300, values)
    kept = float((matrix @ found(matrix, 50)).square().sum() / values[:50].square().sum())
    assert 0.95 < kept <= 1


@pytest.mark.parametrize("count", [5, 9])
def test_with_as_many_directions_as_columns_nothing_is_lost(count: int) -> None:
    matrix = planted(8, 5, torch.tensor([3.0, 1, 1e-6], dtype=torch.float64))
    basis = found(matrix, count)
    assert basis.shape == (5, 5)
    torch.testing.assert_close(matrix @ basis @ basis.T, matrix, rtol=0, atol=1e-14)


def test_directions_are_the_same_each_time_and_cost_no_other_random_numbers() -> None:
    matrix, state = planted(30, 20, torch.ones(20, dtype=torch.float64)), torch.get_rng_state()
    assert torch.equal(found(matrix, 4), found(matrix, 4))
    assert torch.equal(torch.get_rng_state(), state)
