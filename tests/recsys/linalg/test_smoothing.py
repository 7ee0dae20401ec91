"""The smoothed nuclear norm: its closed form, and what its products of matrices may differ by from float64 LAPACK.

The processor decides what products are multiplied in, so every test of them runs in each type.
"""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import pytest
import torch
from torch import Tensor

from recsys.linalg import smoothing
from recsys.linalg.leading import leading_eigenvectors
from recsys.linalg.smoothing import TOLERANCE, smoothed_nuclear_norm
from recsys.linalg.spectral import NonFiniteMatrixError, spectral_function
from recsys.penalties import RatioPenalty, SmoothedRatioPenalty
from tests.recsys.linalg.planted import orthonormal, planted, reference

ROWS, COLUMNS = 300, 420
EPSILON = 2.0
# Spectra that are short without their leading directions; all of ratings have the first shape.
SHORT = {
    "ratings": torch.cat([torch.tensor([4200.0, 46.0]), 34 * torch.arange(1, 299) ** -0.6]),
    "noise": torch.linspace(6, 0.1, 300),
    "noise below the smoothing": torch.linspace(0.3, 0.0, 300),
    "one direction": torch.tensor([1000.0]),
    "three directions": torch.tensor([50.0, 50.0, 0.5]),
    "more leading directions than are looked for": torch.cat([torch.full((80,), 9.0), torch.full((220,), 0.1)]),
}
LONG = {"Gaussian": torch.linspace(38, 3, 300), "slow decay": torch.logspace(2, 0, 300)}
# What is left of it is too large to be squared in bfloat16, and short enough for products in float32.
MORE_CLEAR_THAN_LOOKED_FOR = torch.cat([torch.full((20,), 500.0), torch.full((280,), 1.0)])


@pytest.fixture(params=[torch.bfloat16, torch.float32], ids=str)
def fast_type(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.dtype:
    """What is multiplied in, whichever this processor would choose."""
    kind: torch.dtype = request.param
    monkeypatch.setattr(smoothing, "_fast_type", lambda device: kind)
    return kind


def value_and_gradient(matrix: Tensor, epsilon: float = EPSILON) -> tuple[Tensor, Tensor]:
    leaf = matrix.detach().clone().requires_grad_()
    value = smoothed_nuclear_norm(leaf, epsilon)
    return value.detach(), torch.autograd.grad(value, leaf)[0]


def smoothed(values: Tensor, epsilon: float = EPSILON) -> Tensor:
    return ((values.square() + epsilon**2).sqrt() - epsilon).sum()


def error(gradient: Tensor, matrix: Tensor, epsilon: float = EPSILON) -> float:
    """Return the spectral norm of the gradient's difference from U g(Σ) Vᵀ: no direction is off by more."""
    exact = reference(matrix, min(matrix.shape))
    slopes = exact.values / (exact.values.square() + epsilon**2).sqrt()
    return float(torch.linalg.matrix_norm(gradient.double() - exact.map(slopes), 2))


def expect_products(matrix: Tensor, values: Tensor) -> None:
    """Nothing is decomposed, and value and gradient are within what the docstring promises of products."""
    with mock.patch.object(smoothing, "spectral_function", side_effect=AssertionError("nothing is decomposed")):
        value, gradient = value_and_gradient(matrix)
    assert error(gradient, matrix) <= 1.5 * TOLERANCE
    exact = float(smoothed(values.double()))
    rest = values[values < 10]  # the others stand so clear that they are taken out, which leaves the sum's rounding
    assert abs(float(value) - exact) <= 0.5 * TOLERANCE * float(rest.sum()) + 1e-5 * exact


def expect_decomposition(matrix: Tensor, values: Tensor) -> None:
    """Value and gradient are those of `recsys.linalg.spectral`, in float32: beside 500, 1 keeps about four digits."""
    with mock.patch.object(smoothing, "spectral_function", wraps=spectral_function) as decomposed:
        value, gradient = value_and_gradient(matrix)
    decomposed.assert_called_once()
    assert error(gradient, matrix) < 0.01
    assert float(value) == pytest.approx(float(smoothed(values.double())), rel=1e-4)


@pytest.mark.parametrize("shape", [(5, 5), (4, 7), (7, 4), (140, 150)], ids=str)
def test_value_and_gradient_are_the_closed_form_in_float64(shape: tuple[int, int]) -> None:
    matrix = planted(*shape, torch.linspace(3, 0.1, min(shape), dtype=torch.float64))
    value, gradient = value_and_gradient(matrix)
    torch.testing.assert_close(value, smoothed(torch.linalg.svdvals(matrix)))
    assert error(gradient, matrix) < 1e-10


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("values", SHORT.values(), ids=SHORT)
@pytest.mark.parametrize("tall", [False, True], ids=["wide", "tall"])
def test_products_give_each_direction_to_the_tolerance(values: Tensor, tall: bool) -> None:
    matrix = planted(ROWS, COLUMNS, values.double()).float()
    expect_products(matrix.mT.contiguous() if tall else matrix, values)


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("values", LONG.values(), ids=LONG)
def test_a_long_spectrum_is_decomposed(values: Tensor) -> None:
    expect_decomposition(planted(ROWS, COLUMNS, values.double()).float(), values)


@pytest.mark.usefixtures("fast_type", "threads")
def test_products_are_as_near_on_any_number_of_threads() -> None:
    expect_products(planted(ROWS, COLUMNS, SHORT["ratings"].double()).float(), SHORT["ratings"])


@pytest.mark.usefixtures("threads")
def test_more_clear_directions_than_are_looked_for_are_decomposed_only_where_products_are_too_coarse(
    fast_type: torch.dtype,
) -> None:
    matrix = planted(ROWS, COLUMNS, MORE_CLEAR_THAN_LOOKED_FOR.double()).float()
    expect = expect_products if fast_type == torch.float32 else expect_decomposition
    expect(matrix, MORE_CLEAR_THAN_LOOKED_FOR)


@pytest.mark.parametrize(
    ("capabilities", "allowed", "expected"),
    [
        ({"avx512_bf16": True}, "AVX512", torch.bfloat16),
        ({"avx512_bf16": True}, "AVX2", torch.float32),
        ({}, "AVX512", torch.float32),
    ],
    ids=["able and allowed", "able but held to AVX2", "not able"],
)
def test_bfloat16_is_chosen_where_the_processor_multiplies_in_it_and_may(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], allowed: str, expected: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: allowed)
    assert smoothing._fast_type(torch.device("cpu")) == expected


@pytest.mark.parametrize("longest", [1.0, 3.0, 5.0])
def test_a_polynomial_and_its_integral_are_those_of_the_eigenvalues(longest: float) -> None:
    coefficients = smoothing._polynomial(longest)
    assert coefficients is not None
    basis, values = orthonormal(40, 40, seed=3), torch.linspace(0, 1, 40, dtype=torch.float64) ** 3
    product, integral = smoothing._evaluate(coefficients, (basis * values) @ basis.mT)
    polynomial = np.polynomial.Polynomial(coefficients)
    expected = (basis * torch.from_numpy(polynomial(values.numpy()))) @ basis.mT
    torch.testing.assert_close(product, expected, rtol=0, atol=1e-10)
    assert float(integral) == pytest.approx(polynomial.integ()(values.numpy()).sum() / 2, rel=1e-5)


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("factor", [1e-25, 1e-8, 1e8, 1e25])
def test_matrix_and_smoothing_may_have_any_unit(factor: float) -> None:
    matrix = planted(ROWS, COLUMNS, SHORT["ratings"].double())
    _, gradient = value_and_gradient((factor * matrix).float(), factor * EPSILON)
    assert error(gradient, matrix) <= 1.5 * TOLERANCE


@pytest.mark.usefixtures("fast_type")
def test_entries_far_above_the_smoothing_do_not_overflow() -> None:
    matrix = planted(ROWS, COLUMNS, torch.linspace(2, 1, 300, dtype=torch.float64))
    value, gradient = value_and_gradient((1e20 * matrix).float())
    assert float(value) == pytest.approx(1e20 * 450, rel=1e-3)
    assert float((gradient.double() @ gradient.double().mT - torch.eye(ROWS)).norm()) < 1e-2


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("shape", [(3, 5), (300, 420)], ids=str)
def test_the_zero_matrix_has_value_and_gradient_zero(shape: tuple[int, int]) -> None:
    value, gradient = value_and_gradient(torch.zeros(shape))
    assert float(value) == 0
    assert not gradient.any()


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("entry", [math.nan, math.inf, 1e38])
def test_an_entry_that_cannot_be_added_up_is_refused(entry: float) -> None:
    matrix = torch.ones(ROWS, COLUMNS)
    matrix[7, 3] = entry
    with pytest.raises(NonFiniteMatrixError, match=r"\(300, 420\)"):
        smoothed_nuclear_norm(matrix, EPSILON)


@pytest.mark.usefixtures("fast_type", "threads")
def test_the_same_matrix_gives_the_same_bits_and_leaves_the_random_state_alone() -> None:
    matrix = planted(ROWS, COLUMNS, SHORT["ratings"].double()).float()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = value_and_gradient(matrix), value_and_gradient(matrix)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert torch.equal(torch.get_rng_state(), before)


def test_the_smoothed_ratio_and_its_slopes_are_those_of_the_singular_values() -> None:
    values = torch.tensor([3.0, 2.0, 1.0, 0.5], dtype=torch.float64)
    penalty, leaf = SmoothedRatioPenalty(1.3, 0.7), planted(4, 6, values).requires_grad_()
    ratio, slopes = penalty.of_singular_values(values)
    torch.testing.assert_close(ratio, smoothed(values, 0.7) / values.norm())
    torch.testing.assert_close(penalty(leaf), 1.3 * ratio)
    gradient = torch.autograd.grad(penalty(leaf), leaf)[0]
    torch.testing.assert_close(gradient, 1.3 * reference(leaf, 4).map(slopes))


def test_without_smoothing_the_ratio_penalty_is_left() -> None:
    matrix = planted(6, 9, torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64))
    assert float(SmoothedRatioPenalty(1.3, 1e-9)(matrix)) == pytest.approx(float(RatioPenalty(1.3)(matrix)), rel=1e-6)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_a_smoothing_that_is_no_positive_finite_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="smoothing"):
        SmoothedRatioPenalty(1.0, value)


def test_leading_eigenvectors_are_found_as_far_as_they_stand_clear() -> None:
    basis = orthonormal(200, 200, seed=1)
    values = torch.cat([torch.tensor([100.0, 60.0, 30.0]), torch.linspace(1, 0.5, 197)]).double()
    matrix = (basis * values) @ basis.mT
    vectors, found, following = leading_eigenvectors(lambda x: matrix @ x, matrix, 16, 6, 1e-3)
    torch.testing.assert_close(found, values[:3])
    torch.testing.assert_close((basis[:, :3].mT @ vectors).abs(), torch.eye(3, dtype=torch.float64), atol=1e-3, rtol=0)
    assert following == pytest.approx(1.0, abs=0.1)
