"""Functions of singular values have the gradients that calculus says."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recsys.linalg.spectral import (
    decompose,
    effective_rank,
    singular_values,
    spectral_function,
)
from tests.recsys.linalg.planted import (
    FULL_RANK,
    KINDS,
    Kind,
    every_kind,
    log_of_squares,
    nuclear_norm,
    orthonormal,
    planted,
    reference,
)


class TestGradients:
    # Central differences over 1e-6 err by about 1e-12 times the third derivative, and by ε σ / 1e-6 = 1e-9 of rounding;
    # fast mode compares along random directions, which is enough for a formula and quick for 2400 entries.
    CHECK: ClassVar[dict[str, Any]] = {"eps": 1e-6, "atol": 1e-5, "rtol": 1e-5, "fast_mode": True}

    @every_kind
    def test_gradient_of_a_smooth_function_is_its_derivative(self, kind: Kind) -> None:
        matrix = kind.matrix().requires_grad_()
        assert torch.autograd.gradcheck(lambda w: spectral_function(w, log_of_squares), matrix, **self.CHECK)

    @pytest.mark.parametrize("name", FULL_RANK)
    def test_gradient_of_the_nuclear_norm_is_its_derivative_at_full_rank(self, name: str) -> None:
        matrix = KINDS[name].matrix().requires_grad_()
        assert torch.autograd.gradcheck(nuclear_norm, matrix, **self.CHECK)

    def test_gradient_agrees_entry_by_entry_on_a_small_matrix(self) -> None:
        matrix = KINDS["repeated values"].matrix().requires_grad_()
        assert torch.autograd.gradcheck(nuclear_norm, matrix, eps=1e-6, atol=1e-6)

    def test_gradient_at_the_zero_matrix_is_zero(self) -> None:
        matrix = torch.zeros(4, 5, requires_grad=True)
        (gradient,) = torch.autograd.grad(nuclear_norm(matrix), matrix)
        assert torch.equal(gradient, torch.zeros(4, 5))

    def test_gradient_passes_through_what_the_matrix_was_made_of(self) -> None:
        factor = KINDS["tall"].matrix().requires_grad_()
        right = orthonormal(9, 6, seed=5)
        (gradient,) = torch.autograd.grad(3 * nuclear_norm(factor @ right.mT), factor)
        torch.testing.assert_close(gradient, 3 * reference(factor, 6).polar_factor, rtol=0, atol=1e-12)

    def test_a_second_derivative_is_refused(self) -> None:
        matrix = KINDS["square"].matrix().requires_grad_()
        (gradient,) = torch.autograd.grad(nuclear_norm(matrix), matrix, create_graph=True)
        with pytest.raises(RuntimeError, match="cannot be differentiated again"):
            torch.autograd.grad(gradient.sum(), matrix)

    def test_singular_values_carry_no_gradient(self) -> None:
        assert not singular_values(KINDS["square"].matrix().requires_grad_()).requires_grad


@st.composite
def spectra(draw: st.DrawFn) -> Tensor:
    """Up to 8 singular values from 1e-3 to 1e3, with repetitions and with zeros."""
    values = draw(st.lists(st.sampled_from([0.0, 1e-3, 0.5, 1.0, 2.0, 1e3]), min_size=1, max_size=8))
    return torch.tensor(sorted(values, reverse=True), dtype=torch.float64)


@st.composite
def matrices(draw: st.DrawFn) -> Tensor:
    values = draw(spectra())
    more_rows, more_columns = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    return planted(len(values) + more_rows, len(values) + more_columns, values, seed=draw(st.integers(0, 1000)))


class TestProperties:
    # A matrix of at most 13 × 13 keeps its σ² to about 100 ε σ₁²; σ itself, near zero, to the root of that.
    ERROR = (100 * torch.finfo(torch.float64).eps) ** 0.5

    @settings(max_examples=50, deadline=None)
    @given(matrix=matrices(), seed=st.integers(0, 1000))
    def test_rotations_do_not_change_singular_values(self, matrix: Tensor, seed: int) -> None:
        m, n = matrix.shape
        rotated = orthonormal(m, m, seed) @ matrix @ orthonormal(n, n, seed + 1)
        values = singular_values(matrix)
        assert (singular_values(rotated) - values).abs().max() <= self.ERROR * values[0]

    @settings(max_examples=50, deadline=None)
    @given(matrix=matrices(), seed=st.integers(0, 1000))
    def test_rotations_carry_the_matrix_of_other_values_along(self, matrix: Tensor, seed: int) -> None:
        m, n = matrix.shape
        left, right = orthonormal(m, m, seed), orthonormal(n, n, seed + 1)

        def shrunk(of: Tensor) -> Tensor:
            spectrum = decompose(of)
            return spectrum.map((spectrum.singular_values - 0.75).clamp(min=0))

        largest = 1 + singular_values(matrix)[0]
        # σ = 1e-3 beside 1e3 keeps no digit, but is shrunk to zero; 1 beside 1e3 keeps ε σ₁²/σ.
        assert (shrunk(left @ matrix @ right) - left @ shrunk(matrix) @ right).abs().max() <= 1e-11 * largest**2

    @settings(max_examples=50, deadline=None)
    @given(matrix=matrices())
    def test_a_matrix_and_its_transpose_have_the_same_singular_values(self, matrix: Tensor) -> None:
        values = singular_values(matrix)
        assert (singular_values(matrix.mT) - values).abs().max() <= self.ERROR * values[0]

    @settings(max_examples=50, deadline=None)
    @given(matrix=matrices(), factor=st.sampled_from([1e-6, -1 / 3, 0.0, 1.0, -7e5]))
    def test_singular_values_are_homogeneous(self, matrix: Tensor, factor: float) -> None:
        values = singular_values(matrix)
        error = (singular_values(factor * matrix) - abs(factor) * values).abs().max()
        assert error <= self.ERROR * abs(factor) * values[0]

    @settings(max_examples=50, deadline=None)
    @given(values=spectra())
    def test_effective_rank_is_between_one_and_the_rank(self, values: Tensor) -> None:
        rank = int((values > 0).sum())
        assert min(rank, 1) - 1e-12 <= effective_rank(values) <= rank + 1e-12
