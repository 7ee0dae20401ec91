"""The smoothed nuclear norm: its closed form, and what its products of matrices may differ by from float64 LAPACK.

The processor decides what products are multiplied in, so every test of them runs in each type.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from recsys.linalg import smoothing
from recsys.linalg.leading import leading_eigenvectors
from recsys.linalg.smoothing import TOLERANCE, smoothed_nuclear_norm
from recsys.linalg.spectral import NonFiniteMatrixError
from recsys.penalties import Penalty, RatioPenalty, SmoothedRatioPenalty
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
LONG = {
    "noise": torch.linspace(76, 6, 300),
    "slow decay": torch.logspace(2, 0, 300),
    "more clear directions than are looked for": torch.cat([torch.full((60,), 200.0), torch.full((240,), 1.0)]),
}
# Too large to be squared in bfloat16, and short enough for products in float32.
TOO_LARGE_FOR_BFLOAT16 = torch.linspace(38, 3, 300)


@pytest.fixture(params=[torch.bfloat16, torch.float32], ids=str)
def fast_type(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> torch.dtype:
    """What is multiplied in, whichever this processor would choose."""
    kind: torch.dtype = request.param
    monkeypatch.setattr(smoothing, "_fast_type", lambda device: kind)
    return kind


def value_and_gradient(matrix: Tensor, epsilon: float = EPSILON) -> tuple[Tensor, Tensor]:
    found = smoothed_nuclear_norm(matrix, epsilon)
    assert found is not None, "it would be decomposed"
    return found


def smoothed(values: Tensor, epsilon: float = EPSILON) -> Tensor:
    return ((values.square() + epsilon**2).sqrt() - epsilon).sum()


def error(gradient: Tensor, matrix: Tensor, epsilon: float = EPSILON) -> float:
    """Return the spectral norm of the gradient's difference from U g(Σ) Vᵀ: no direction is off by more."""
    exact = reference(matrix, min(matrix.shape))
    slopes = exact.values / (exact.values.square() + epsilon**2).sqrt()
    return float(torch.linalg.matrix_norm(gradient.double() - exact.map(slopes), 2))


def expect_products(matrix: Tensor, values: Tensor, clear: float = 10.0) -> None:
    """Nothing is decomposed, and value and gradient are within what the docstring promises of products.

    Values above `clear` stand so clear of the others that they are taken out, which leaves the rounding of a sum.
    """
    value, gradient = value_and_gradient(matrix)
    assert error(gradient, matrix) <= 1.5 * TOLERANCE
    exact = float(smoothed(values.double()))
    rest = values[values < clear]
    assert abs(float(value) - exact) <= 0.5 * TOLERANCE * float(rest.sum()) + 1e-5 * exact


def expect_decomposition(matrix: Tensor, values: Tensor) -> None:
    """The penalty is that of `recsys.linalg.spectral`, in float32: small values keep four digits beside large ones."""
    assert smoothed_nuclear_norm(matrix, EPSILON) is None
    penalty, exact = SmoothedRatioPenalty(1.3, EPSILON), matrix.double()
    (value, gradient), (wanted, slope) = (penalty_and_gradient(penalty, typed) for typed in (matrix, exact))
    assert float(value) == pytest.approx(float(1.3 * smoothed(values.double()) / exact.norm()), rel=1e-4)
    assert float(value) == pytest.approx(float(wanted), rel=1e-4)
    assert float((gradient - slope).norm()) < 0.01 * float(slope.norm())


def penalty_and_gradient(penalty: Penalty, matrix: Tensor) -> tuple[Tensor, Tensor]:
    leaf = matrix.detach().clone().requires_grad_()
    value = penalty(leaf)
    return value.detach(), torch.autograd.grad(value, leaf)[0]


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
def test_a_spectrum_that_only_bfloat16_is_too_coarse_for_is_decomposed_only_there(fast_type: torch.dtype) -> None:
    matrix = planted(ROWS, COLUMNS, TOO_LARGE_FOR_BFLOAT16.double()).float()
    if fast_type == torch.float32:
        expect_products(matrix, TOO_LARGE_FOR_BFLOAT16, clear=math.inf)
    else:
        expect_decomposition(matrix, TOO_LARGE_FOR_BFLOAT16)


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


@pytest.mark.parametrize("longest", [1.0, 5.0, 30.0])
def test_the_function_that_takes_the_place_of_the_slopes_is_near_them_everywhere(longest: float) -> None:
    fitted = smoothing._fit(longest)
    assert fitted is not None
    values = np.linspace(0, longest, 10_001)
    assert np.abs(_slopes(fitted, values) - values / np.hypot(values, 1)).max() <= TOLERANCE


def test_a_spectrum_that_no_such_function_is_near_enough_for_has_none() -> None:
    assert smoothing._fit(60.0) is None


@pytest.mark.parametrize("longest", [1.0, 5.0, 30.0])
def test_the_function_of_a_matrix_and_its_integral_are_those_of_the_eigenvalues(longest: float) -> None:
    fitted = smoothing._fit(longest)
    assert fitted is not None
    basis, values = orthonormal(40, 40, seed=3), longest * torch.linspace(0.01, 1, 40, dtype=torch.float64) ** 2
    function, integral = smoothing._evaluate(fitted, (basis * values.square()) @ basis.mT)
    expected = (basis * torch.from_numpy(_slopes(fitted, values.numpy())) / values) @ basis.mT
    torch.testing.assert_close(function, expected, rtol=0, atol=1e-9)
    numerical = sum(
        np.trapezoid(_slopes(fitted, places), places) for places in np.linspace(0, values.numpy(), 10_001).T
    )
    assert float(integral) == pytest.approx(numerical, rel=1e-5)


def _slopes(fitted: smoothing._Fitted, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    slopes: np.ndarray[Any, Any] = (
        fitted.constant * values + fitted.linear * values**3 + fitted.inverse * values / (1 + values**2 / fitted.shift)
    )
    return slopes


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("factor", [1e-25, 1e-8, 1e8, 1e25])
def test_matrix_and_smoothing_may_have_any_unit(factor: float) -> None:
    matrix = planted(ROWS, COLUMNS, SHORT["ratings"].double())
    _, gradient = value_and_gradient((factor * matrix).float(), factor * EPSILON)
    assert error(gradient, matrix) <= 1.5 * TOLERANCE


@pytest.mark.usefixtures("fast_type")
def test_entries_far_above_the_smoothing_do_not_overflow() -> None:
    values = torch.linspace(2, 1, 300, dtype=torch.float64)
    matrix, penalty = planted(ROWS, COLUMNS, values), SmoothedRatioPenalty(1.0, EPSILON)
    assert smoothed_nuclear_norm((1e20 * matrix).float(), EPSILON) is None
    assert float(penalty((1e17 * matrix).float())) == pytest.approx(float(values.sum() / values.norm()), rel=1e-3)


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("shape", [(3, 5), (300, 420)], ids=str)
def test_the_zero_matrix_has_value_and_gradient_zero(shape: tuple[int, int]) -> None:
    value, gradient = penalty_and_gradient(SmoothedRatioPenalty(1.3, EPSILON), torch.zeros(shape))
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


@pytest.mark.parametrize("shape", [(5, 5), (4, 7), (7, 4), (140, 150)], ids=str)
def test_the_smoothed_ratio_and_its_slopes_are_those_of_the_singular_values(shape: tuple[int, int]) -> None:
    values = torch.linspace(3, 0.1, min(shape), dtype=torch.float64)
    penalty, matrix = SmoothedRatioPenalty(1.3, 0.7), planted(*shape, values)
    ratio, slopes = penalty.of_singular_values(values)
    torch.testing.assert_close(ratio, smoothed(values, 0.7) / values.norm())
    value, gradient = penalty_and_gradient(penalty, matrix)
    torch.testing.assert_close(value, 1.3 * ratio)
    torch.testing.assert_close(gradient, 1.3 * reference(matrix, min(shape)).map(slopes))


@pytest.mark.usefixtures("fast_type")
@pytest.mark.parametrize("tall", [False, True], ids=["wide", "tall"])
def test_the_smoothed_ratio_by_products_is_near_that_in_float64(tall: bool) -> None:
    matrix = planted(ROWS, COLUMNS, SHORT["ratings"].double())
    matrix = matrix.mT.contiguous() if tall else matrix
    penalty = SmoothedRatioPenalty(1.3, EPSILON)
    (value, gradient), (wanted, slope) = (penalty_and_gradient(penalty, typed) for typed in (matrix.float(), matrix))
    assert float(value) == pytest.approx(float(wanted), rel=1e-3)
    assert float(torch.linalg.matrix_norm(gradient - slope, 2)) <= 1.5 * TOLERANCE * 1.3 / float(matrix.norm())


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
