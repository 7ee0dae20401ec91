"""Singular values and what is made of them, against float64 LAPACK and against values known by construction."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pytest
import torch
from torch import Tensor

from recsys.linalg import large, spectral
from recsys.linalg.spectral import (
    NonFiniteMatrixError,
    decompose,
    singular_values,
    spectral_function,
)
from tests.recsys.linalg.planted import (
    GROWTH,
    Kind,
    either_precision,
    every_kind,
    log_of_squares,
    nuclear_norm,
    planted,
    polar_factor,
    reference,
)


@every_kind
@either_precision
class TestEveryKindOfMatrix:
    def test_singular_values_are_those_of_the_matrix(self, kind: Kind, dtype: torch.dtype) -> None:
        values = singular_values(kind.matrix(dtype))
        assert values.dtype == dtype
        error = (values.double() - kind.all_values()).abs()
        assert (error <= kind.value_errors(dtype)).all(), error

    def test_singular_values_descend_and_are_never_negative(self, kind: Kind, dtype: torch.dtype) -> None:
        values = singular_values(kind.matrix(dtype))
        assert (values >= 0).all()
        # Equal ones are found apart, each with its own rounding.
        assert (values.diff() <= 4 * torch.finfo(dtype).eps * values[:1]).all()

    def test_polar_factor_is_that_of_lapack_in_float64(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix = kind.matrix(dtype)
        error = polar_factor(matrix).double() - reference(matrix, kind.rank).polar_factor
        assert error.shape == (kind.rows, kind.columns)
        assert torch.linalg.matrix_norm(error, 2) <= kind.polar_error(dtype)

    def test_map_gives_the_matrix_of_other_singular_values(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix, spectrum = kind.matrix(dtype), decompose(kind.matrix(dtype))
        weights = 1 / (1 + spectrum.singular_values)
        expected = reference(matrix, kind.rank).map(1 / (1 + reference(matrix, kind.rank).values))
        error = torch.linalg.matrix_norm(spectrum.map(weights).double() - expected, 2)
        assert error <= kind.polar_error(dtype) + kind.value_errors(dtype).max()

    def test_map_of_the_singular_values_themselves_is_the_matrix(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix, spectrum = kind.matrix(dtype), decompose(kind.matrix(dtype))
        error = torch.linalg.matrix_norm((spectrum.map(spectrum.singular_values) - matrix).double(), 2)
        assert error <= GROWTH * torch.finfo(dtype).eps * max(kind.values, default=0.0)

    def test_nuclear_norm_is_the_sum_of_the_singular_values(self, kind: Kind, dtype: torch.dtype) -> None:
        error = nuclear_norm(kind.matrix(dtype)).double() - sum(kind.values)
        assert error.abs() <= kind.value_errors(dtype).sum()

    def test_gradient_of_the_nuclear_norm_is_the_polar_factor(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix = kind.matrix(dtype).requires_grad_()
        (gradient,) = torch.autograd.grad(nuclear_norm(matrix), matrix)
        error = gradient.double() - reference(matrix, kind.rank).polar_factor
        assert torch.linalg.matrix_norm(error, 2) <= kind.polar_error(dtype)

    def test_transposing_the_matrix_transposes_the_polar_factor(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix = kind.matrix(dtype)
        error = (polar_factor(matrix.mT) - polar_factor(matrix).mT).double()
        assert torch.linalg.matrix_norm(error, 2) <= 2 * kind.polar_error(dtype)
        assert ((singular_values(matrix.mT) - singular_values(matrix)).abs() <= 2 * kind.value_errors(dtype)).all()

    def test_scaling_by_a_power_of_two_changes_no_digit(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix = kind.matrix(dtype)
        values, polar = singular_values(matrix), polar_factor(matrix)
        for factor in (2.0**-100, 2.0**100):  # about 1e-30 and 1e30
            assert torch.equal(singular_values(matrix * factor), values * factor)
            assert torch.equal(polar_factor(matrix * factor), polar)

    def test_scaling_scales_the_values_and_keeps_the_directions(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix = kind.matrix(dtype)
        scaled = singular_values(-1e30 * matrix).double() / 1e30
        assert ((scaled - kind.all_values()).abs() <= kind.value_errors(dtype)).all()
        error = (polar_factor(-1e30 * matrix) + polar_factor(matrix)).double()
        assert torch.linalg.matrix_norm(error, 2) <= 2 * kind.polar_error(dtype)


def test_the_worked_example_of_a_spectrum_is_right() -> None:
    assert doctest.testmod(spectral) == (0, 4)


class TestLowRank:
    """A direction that is not there must not come out of rounding: its polar factor would be of full size."""

    @either_precision
    @pytest.mark.parametrize("rank", [1, 2, 5])
    @pytest.mark.parametrize("shape", [(140, 140), (150, 400), (300, 250)], ids=str)
    def test_of_a_low_rank_exactly_as_many_values_are_not_zero(
        self, shape: tuple[int, int], rank: int, dtype: torch.dtype
    ) -> None:
        values = singular_values(planted(*shape, torch.linspace(2, 1, rank, dtype=torch.float64)).to(dtype))
        assert int((values > 0).sum()) == rank

    @either_precision
    def test_a_constant_matrix_has_one_direction(self, dtype: torch.dtype) -> None:
        matrix = torch.full((600, 700), 3.5, dtype=dtype)  # rounding is the same everywhere, so it adds up
        assert int((singular_values(matrix) > 0).sum()) == 1
        torch.testing.assert_close(polar_factor(matrix), torch.full_like(matrix, (600 * 700) ** -0.5))


@dataclass(frozen=True)
class RatingsLike:
    matrix: Tensor  # (943, 1682) float32
    values: Tensor  # (943,) float64
    polar: Tensor  # (943, 1682) float64

    def polar_error(self, polar: Tensor) -> float:
        return float(torch.linalg.matrix_norm(polar.double() - self.polar))

    @cached_property
    def lapack_error(self) -> float:
        """Of the polar factor by a full decomposition in float32, which takes seconds."""
        left, _, right_transposed = torch.linalg.svd(self.matrix, full_matrices=False)
        return self.polar_error(left @ right_transposed)

    def naive_polar(self) -> Tensor:
        """(W Wᵀ)^(−1/2) W in float32: what the module would compute without taking leading directions out."""
        values, vectors = torch.linalg.eigh(self.matrix @ self.matrix.mT)
        floor = torch.finfo(torch.float32).eps * values[-1]
        inverse = torch.where(values > floor, values.clamp(min=floor).rsqrt(), 0.0)
        polar: Tensor = (vectors * inverse) @ vectors.mT @ self.matrix
        return polar


@pytest.fixture(scope="module", params=["narrow rest", "wide rest"])
def ratings(request: pytest.FixtureRequest) -> RatingsLike:
    """Return a mean of 3.5, user and item effects, and a small rest, of MovieLens 100k's size."""
    generator = torch.Generator().manual_seed(0)
    users, items = torch.randn(943, 1, generator=generator), torch.randn(1, 1682, generator=generator)
    if request.param == "narrow rest":  # σ from 0.2 to 0.03
        rest = 0.003 * torch.randn(943, 1682, generator=generator)
    else:  # σ from 10 to 0.03
        rest = planted(943, 1682, torch.logspace(1, -1.5, 943, dtype=torch.float64)).float()
    matrix = 3.5 + 0.45 * users + 0.5 * items + rest
    left, values, right_transposed = torch.linalg.svd(matrix.double(), full_matrices=False)
    return RatingsLike(matrix, values, left @ right_transposed)


@pytest.fixture(params=["oneDNN", "torch's own"])
def _library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which library multiplies large float32 matrices, whichever would be chosen for this size and device."""
    monkeypatch.setattr(large, "_prefers_onednn", lambda: request.param == "oneDNN")


class TestRatingsMatrix:
    def test_the_matrix_is_one_that_the_tests_are_about(self, ratings: RatingsLike) -> None:
        assert 4000 < ratings.values[0] < 5000
        assert 0.02 < ratings.values[-1] < 0.04

    @pytest.mark.usefixtures("_library", "threads")
    def test_polar_factor_is_about_as_exact_as_a_full_decomposition(self, ratings: RatingsLike) -> None:
        ours = ratings.polar_error(polar_factor(ratings.matrix))
        assert ours <= 2 * ratings.lapack_error
        assert ours <= 0.01 * 943**0.5, "a hundredth of the factor itself"

    def test_the_naive_gram_matrix_fails(self, ratings: RatingsLike) -> None:
        ours, naive = (ratings.polar_error(polar) for polar in (polar_factor(ratings.matrix), ratings.naive_polar()))
        assert naive > 0.5 * 943**0.5, "half of the factor itself"
        assert naive > 100 * ours

    @pytest.mark.usefixtures("_library")
    def test_singular_values_and_nuclear_norm_keep_their_digits(self, ratings: RatingsLike) -> None:
        error = singular_values(ratings.matrix).double() - ratings.values
        assert error.abs().max() < 1e-6 * ratings.values[0]
        torch.testing.assert_close(nuclear_norm(ratings.matrix).double(), ratings.values.sum(), rtol=1e-5, atol=0)

    def test_values_below_the_rounding_of_the_matrix_are_zero(self, ratings: RatingsLike) -> None:
        shrunk = ratings.matrix + 4e6  # σ₁ is now 5e9, and the rest is far below its rounding, 600
        assert int((singular_values(shrunk) > 0).sum()) <= 2


class TestBatches:
    @pytest.fixture(params=["smaller than where leading directions are sought", "with several leading directions"])
    def batch(self, request: pytest.FixtureRequest) -> Tensor:
        """Return (2, 3, m, n): one matrix is zero, in the others 0, 1, 2, 3 and 5 directions stand clear."""
        large = "several" in request.param
        m, n = (150, 140) if large else (6, 5)
        rest = torch.linspace(1, 0.5, min(m, n), dtype=torch.float64)
        matrices = [planted(m, n, rest, seed=1), torch.zeros(m, n, dtype=torch.float64)]
        for found in (1, 2, 3, 5):
            values = rest.clone()
            values[:found] *= 1e4
            matrices.append(planted(m, n, values, seed=found))
        return torch.stack(matrices).reshape(2, 3, m, n)

    def one_by_one(self, batch: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
        results = torch.stack([function(matrix) for matrix in batch.flatten(0, 1)])
        return results.reshape(*batch.shape[:2], *results.shape[1:])

    @pytest.mark.parametrize("transposed", [False, True])
    @pytest.mark.parametrize("function", [singular_values, polar_factor, nuclear_norm], ids=lambda f: f.__name__)
    def test_a_batch_is_decomposed_as_its_elements_are(
        self, batch: Tensor, transposed: bool, function: Callable[[Tensor], Tensor]
    ) -> None:
        batch = batch.mT if transposed else batch
        # Without leading directions taken out, the smallest σ² stand at 1e-8 of the largest: ε / 1e-8, in units of σ′.
        torch.testing.assert_close(function(batch), self.one_by_one(batch, function), rtol=1e-9, atol=1e-5)

    def test_gradients_of_a_batch_are_those_of_its_elements(self, batch: Tensor) -> None:
        outer = torch.tensor([[1.0, 2.0, -3.0], [0.5, 0.0, 4.0]], dtype=torch.float64)
        leaf = batch.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(spectral_function(leaf, log_of_squares), leaf, outer)

        def gradient_of_one(matrix: Tensor) -> Tensor:
            one = matrix.clone().requires_grad_()
            return torch.autograd.grad(spectral_function(one, log_of_squares), one)[0]

        expected = outer[..., None, None] * self.one_by_one(batch, gradient_of_one)
        torch.testing.assert_close(gradient, expected, rtol=1e-9, atol=1e-5)

    def test_the_larger_batch_has_elements_with_different_numbers_of_leading_directions(self, batch: Tensor) -> None:
        # Read from inside, since without it the tests above would not show that they test what they are for.
        leading = decompose(batch)._leading
        assert (leading and leading.found.tolist()) == ([[0, 0, 1], [2, 3, 5]] if batch.shape[-1] == 140 else None)

    @either_precision
    def test_a_matrix_whose_squares_leave_the_range_changes_no_digit_of_another(self, dtype: torch.dtype) -> None:
        matrix = torch.randn(9, 12, dtype=dtype, generator=torch.Generator().manual_seed(0))
        alone, polar = singular_values(matrix), polar_factor(matrix)
        for factor in (0.0, 1e-30, 1e30) if dtype == torch.float32 else (0.0, 1e-290, 1e290):
            batch = torch.stack([matrix, matrix * factor])
            assert torch.equal(singular_values(batch)[0], alone)
            assert torch.equal(polar_factor(batch)[0], polar)
            error = (singular_values(batch)[1] - alone * factor).abs().max()
            assert error <= 1e-5 * factor * alone[0]


class TestMatricesThatCannotBeDecomposed:
    @pytest.mark.parametrize("entry", [float("nan"), float("inf"), float("-inf")])
    @pytest.mark.parametrize("function", [decompose, singular_values, polar_factor, nuclear_norm])
    def test_an_entry_that_is_no_finite_number_is_named_with_the_shape(
        self, function: Callable[[Tensor], object], entry: float
    ) -> None:
        matrix = torch.ones(2, 40, 33)
        matrix[1, 7, 3] = entry
        with pytest.raises(NonFiniteMatrixError, match=r"\(2, 40, 33\)"):
            function(matrix)

    def test_entries_whose_singular_values_overflow_are_refused(self) -> None:
        with pytest.raises(NonFiniteMatrixError, match="too large"):
            singular_values(torch.full((40, 50), 3e38))

    def test_the_largest_float_is_a_matrix_of_its_own(self) -> None:
        largest = torch.full((1, 1), torch.finfo(torch.float32).max)
        assert torch.equal(singular_values(largest), largest[0])
        assert polar_factor(-largest) == -1
