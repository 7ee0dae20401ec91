"""Penalties of matrices that are zero, tiny, huge or of one row."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recsys.penalties import (
    NuclearNormPenalty,
    RatioPenalty,
    SchattenRatioPenalty,
)
from tests.recsys.linalg.planted import DTYPES, orthonormal
from tests.recsys.penalties.configurations import (
    PENALTIES,
    STRENGTH,
    Make,
    either_precision,
    every_penalty,
    gradient,
)


class TestZeroMatrix:
    @every_penalty
    @either_precision
    def test_value_and_gradient_are_zero(self, make: Make, dtype: torch.dtype) -> None:
        for shape in ((1, 1), (4, 6), (140, 150), (3, 2, 4)):
            zero = torch.zeros(shape, dtype=dtype)
            assert torch.equal(make(STRENGTH)(zero), torch.zeros(shape[:-2], dtype=dtype))
            assert torch.equal(gradient(make(STRENGTH), zero), zero)

    @pytest.mark.parametrize("size", [1e-45, 1e-40, 1e-39])
    def test_a_matrix_below_the_normal_numbers_counts_as_zero(self, size: float) -> None:
        tiny = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)) * size
        assert RatioPenalty(STRENGTH)(tiny) == 0
        assert torch.equal(gradient(RatioPenalty(STRENGTH), tiny), torch.zeros(6, 4))


@st.composite
def odd_matrices(draw: st.DrawFn) -> Tensor:
    """Small float32 or float64 matrices of the kinds on which formulas fail."""
    rows, columns = draw(st.integers(1, 8)), draw(st.integers(1, 8))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 10_000)))
    matrix = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    match draw(st.sampled_from(["noise", "zero rows", "duplicates", "rank one", "constant", "integers", "zero"])):
        case "zero rows":
            matrix[torch.rand(rows, generator=generator) < 0.7] = 0
        case "duplicates":
            matrix = matrix[torch.randint(0, rows, (rows,), generator=generator)]
        case "rank one":
            matrix = matrix[:, :1] @ matrix[:1]
        case "constant":
            matrix = torch.full_like(matrix, float(matrix[0, 0]))
        case "integers":
            matrix = matrix.round()
        case "zero":
            matrix = torch.zeros_like(matrix)
    scale = draw(st.sampled_from([1e-30, 1e-10, 1.0, 4200.0, 1e10, 1e30]))
    return (scale * matrix).to(draw(st.sampled_from(DTYPES)))


class TestOddMatrices:
    @every_penalty
    @settings(max_examples=25, deadline=None)
    @given(matrix=odd_matrices())
    def test_value_and_gradient_are_finite_numbers(self, make: Make, matrix: Tensor) -> None:
        penalty = make(STRENGTH)
        assert torch.isfinite(penalty(matrix)).all()
        assert torch.isfinite(gradient(penalty, matrix)).all()

    @settings(max_examples=100, deadline=None)
    @given(matrix=odd_matrices())
    def test_ratio_is_between_one_and_the_root_of_the_rank(self, matrix: Tensor) -> None:
        ratio, r = float(RatioPenalty(1)(matrix)), min(matrix.shape)
        if not matrix.any():
            assert ratio == 0
            return
        rounding = 100 * torch.finfo(matrix.dtype).eps
        assert 1 - rounding <= ratio <= r**0.5 + rounding

    @settings(max_examples=25, deadline=None)
    @given(matrix=odd_matrices(), seed=st.integers(0, 1000))
    def test_ratio_does_not_change_under_rotation(self, matrix: Tensor, seed: int) -> None:
        matrix = matrix.double()
        left, right = orthonormal(len(matrix), len(matrix), seed), orthonormal(*(matrix.shape[1],) * 2, seed)
        penalty = RatioPenalty(1)
        torch.testing.assert_close(penalty(left @ matrix @ right), penalty(matrix), rtol=1e-6, atol=1e-6)


class TestArguments:
    @pytest.mark.parametrize("make", [NuclearNormPenalty, RatioPenalty, PENALTIES["Schatten 2/4"]])
    @pytest.mark.parametrize("strength", [-1.0, -1e-300, math.nan, math.inf, -math.inf])
    def test_a_strength_that_is_no_finite_number_from_zero_is_refused(self, make: Make, strength: float) -> None:
        with pytest.raises(ValueError, match=f"λ must be a finite number >= 0, not {strength}"):
            make(strength)

    @pytest.mark.parametrize("order", [0.0, -1.0, math.nan, math.inf])
    @pytest.mark.parametrize("name", ["p", "q"])
    def test_an_order_that_is_no_positive_finite_number_is_refused(self, name: str, order: float) -> None:
        with pytest.raises(ValueError, match=f"order {name} .* not {order}"):
            SchattenRatioPenalty(1.0, **{"p": 1.0, "q": 2.0, name: order})

    def test_a_penalty_shows_its_numbers(self) -> None:
        assert repr(RatioPenalty(1.4)) == "RatioPenalty(strength=1.4)"
        assert repr(SchattenRatioPenalty(0.5, 1, 3)) == "SchattenRatioPenalty(strength=0.5, p=1, q=3)"
