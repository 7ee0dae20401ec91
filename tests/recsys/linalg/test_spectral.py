"""Singular values and what is made of them, against float64 LAPACK and against values known by construction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from recsys.linalg import spectral
from recsys.linalg.spectral import (
    NonFiniteMatrixError,
    accurate_singular_values,
    column_space,
    decompose,
    effective_rank,
    leading_singular_vectors,
    nuclear_norm,
    polar_factor,
    product_singular_values,
    singular_values,
    spectral_function,
)
from tests.recsys.linalg.planted import DTYPES, FULL_RANK, GROWTH, KINDS, NONZERO, Kind, orthonormal, planted, reference

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
either_precision = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])


def log_of_squares(values: Tensor) -> tuple[Tensor, Tensor]:
    """Σ log(1 + σ²), which is smooth in the matrix everywhere, also where singular values are equal or zero."""
    return values.square().log1p().sum(-1), 2 * values / (1 + values.square())


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


class RatingsLike(NamedTuple):
    matrix: Tensor  # (943, 1682) float32
    values: Tensor  # (943,) float64
    polar: Tensor  # (943, 1682) float64

    def polar_error(self, polar: Tensor) -> float:
        return float(torch.linalg.matrix_norm(polar.double() - self.polar))

    def lapack_polar(self) -> Tensor:
        left, _, right_transposed = torch.linalg.svd(self.matrix, full_matrices=False)
        polar: Tensor = left @ right_transposed
        return polar

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
    if request.param != "oneDNN":
        monkeypatch.setattr(spectral, "_SMALLEST_LARGE", 10**9)


class TestRatingsMatrix:
    def test_the_matrix_is_one_that_the_tests_are_about(self, ratings: RatingsLike) -> None:
        assert 4000 < ratings.values[0] < 5000
        assert 0.02 < ratings.values[-1] < 0.04

    @pytest.mark.usefixtures("_library", "threads")
    def test_polar_factor_is_about_as_exact_as_a_full_decomposition(self, ratings: RatingsLike) -> None:
        ours = ratings.polar_error(polar_factor(ratings.matrix))
        assert ours <= 2 * ratings.polar_error(ratings.lapack_polar())
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
        found = decompose(batch)._found.tolist()
        assert found == ([[0, 0, 1], [2, 3, 5]] if batch.shape[-1] == 140 else [[0, 0, 0], [0, 0, 0]])


class TestEffectiveRank:
    def test_of_equal_singular_values_it_is_their_number(self) -> None:
        values = torch.tensor([2.0, 2.0, 2.0, 0.0, 0.0], dtype=torch.float64)
        torch.testing.assert_close(effective_rank(values), torch.tensor(3.0, dtype=torch.float64))

    def test_of_unequal_ones_it_is_the_exponential_of_their_entropy(self) -> None:
        values = torch.tensor([3.0, 1.0], dtype=torch.float64)  # shares 3/4 and 1/4: 4 / 27^(1/4)
        torch.testing.assert_close(effective_rank(values), torch.tensor(4 / 27**0.25, dtype=torch.float64))

    def test_of_the_zero_matrix_it_is_zero(self) -> None:
        assert effective_rank(torch.zeros(4)) == 0

    def test_of_a_batch_it_is_that_of_each_element(self) -> None:
        values = torch.tensor([[1.0, 1.0], [5.0, 0.0], [0.0, 0.0]])
        torch.testing.assert_close(effective_rank(values), torch.tensor([2.0, 1.0, 0.0]))

    @either_precision
    @pytest.mark.parametrize("name", NONZERO)
    def test_of_a_matrix_it_is_that_of_its_planted_values(self, name: str, dtype: torch.dtype) -> None:
        kind = KINDS[name]
        # A zero that rounding lifts to √ε σ′ adds √ε log(1/√ε) of itself.
        tolerance = 1e-5 if dtype == torch.float64 else 0.1
        rank = effective_rank(singular_values(kind.matrix(dtype))).double()
        torch.testing.assert_close(rank, effective_rank(kind.all_values()), rtol=tolerance, atol=0)


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
        with pytest.raises(RuntimeError, match="does not require grad"):
            torch.autograd.grad(gradient.sum(), matrix)

    def test_singular_values_carry_no_gradient(self) -> None:
        assert not singular_values(KINDS["square"].matrix().requires_grad_()).requires_grad


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


@pytest.mark.parametrize(("m", "n", "k"), [(30, 20, 4), (5, 40, 5), (6, 7, 1), (3, 4, 9)], ids=str)
def test_singular_values_of_a_product_are_those_of_the_product_formed(m: int, n: int, k: int) -> None:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(m, k, generator=generator, dtype=torch.float64)
    right = torch.randn(n, k, generator=generator, dtype=torch.float64)
    values = product_singular_values(left, right)
    torch.testing.assert_close(values, torch.linalg.svdvals(left @ right.mT)[: len(values)], rtol=1e-12, atol=1e-12)
    assert len(values) >= min(m, n, k), "none is missing"


class TestAccurateDecompositions:
    # The Gram matrix loses what is below √ε σ₁ = 1e-8.
    VALUES = torch.tensor([1.0, 0.5, 1e-3, 1e-7, 1e-11, 1e-13], dtype=torch.float64)

    def test_small_singular_values_keep_their_digits(self) -> None:
        batch = torch.stack([planted(9, 6, self.VALUES, seed=seed) for seed in (0, 1)])
        torch.testing.assert_close(accurate_singular_values(batch), self.VALUES.expand(2, 6), rtol=0, atol=4e-16)

    def test_leading_singular_vectors_give_the_closest_matrix_of_a_rank(self) -> None:
        matrix = planted(6, 9, self.VALUES)
        for rank in (1, 3, 6):
            left, values, right = leading_singular_vectors(matrix, rank)
            rest = torch.linalg.matrix_norm(matrix - (left * values) @ right.mT, 2)
            torch.testing.assert_close(rest, self.VALUES[rank : rank + 1].sum(), rtol=0, atol=2e-15)
            for basis in (left, right):
                torch.testing.assert_close(basis.mT @ basis, torch.eye(rank, dtype=torch.float64), rtol=0, atol=1e-14)

    @pytest.mark.parametrize("shape", [(6, 9), (9, 6), (7, 7)])
    def test_a_column_space_has_the_directions_that_are_not_rounding(self, shape: tuple[int, int]) -> None:
        matrix = planted(*shape, torch.tensor([5.0, 1.0, 1.0, 1e-3, 1e-9], dtype=torch.float64))
        basis, values = column_space(matrix.float() if shape[0] == 7 else matrix)
        torch.testing.assert_close(values, torch.tensor([5.0, 1.0, 1.0, 1e-3], dtype=torch.float64), rtol=1e-4, atol=0)
        torch.testing.assert_close(basis.mT @ basis, torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-7)
        torch.testing.assert_close(basis @ (basis.mT @ matrix), matrix, rtol=0, atol=1e-6)

    def test_a_matrix_with_an_undefined_entry_is_refused(self) -> None:
        broken = torch.full((2, 3), torch.nan)
        with pytest.raises(NonFiniteMatrixError, match=r"\(2, 3\)"):
            accurate_singular_values(broken)
        with pytest.raises(NonFiniteMatrixError, match=r"\(2, 3\)"):
            column_space(broken)
        with pytest.raises(NonFiniteMatrixError, match=r"\(2, 3\)"):
            leading_singular_vectors(broken, 1)


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
