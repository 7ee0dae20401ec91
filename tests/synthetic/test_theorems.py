"""Velocities of singular values: the exact equations hold to rounding, the printed ones where they should."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from synthetic import theorems

SIZE = 8
STRENGTH = 0.3
STEP = 1e-6


@pytest.fixture
def matrix() -> Tensor:
    return torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture
def gradient() -> Tensor:
    return torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def layer_gradients(layers: list[Tensor], end_product_gradient: Tensor) -> list[Tensor]:
    """∂L/∂W_j by autograd, for a loss with the given gradient in W."""
    leaves = [layer.clone().requires_grad_() for layer in layers]
    return list(torch.autograd.grad((product(leaves) * end_product_gradient).sum(), leaves))


def product(layers: list[Tensor]) -> Tensor:
    result = layers[0]
    for layer in layers[1:]:
        result = layer @ result
    return result


def measured(layers: list[Tensor], velocities: list[Tensor]) -> Tensor:
    """Velocities of the end product's singular values, by a central difference."""
    ahead, behind = (  # rounding leaves errors of about 1e-9
        torch.linalg.svdvals(product([layer + h * v for layer, v in zip(layers, velocities, strict=True)]))
        for h in (STEP, -STEP)
    )
    difference: Tensor = ahead - behind
    return difference / (2 * STEP)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_balanced_layers_are_balanced_and_multiply_to_the_matrix(matrix: Tensor, depth: int) -> None:
    layers = theorems.balanced_layers(matrix, depth)
    torch.testing.assert_close(product(layers), matrix)
    for below, above in itertools.pairwise(layers):
        torch.testing.assert_close(above.mT @ above, below @ below.mT)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_equations_3_and_4_are_exact_for_balanced_layers(matrix: Tensor, gradient: Tensor, depth: int) -> None:
    layers = theorems.balanced_layers(matrix, depth)
    velocities = [-part for part in layer_gradients(layers, gradient)]
    torch.testing.assert_close(
        theorems.equation_3(matrix, gradient, depth), measured(layers, velocities), rtol=1e-6, atol=1e-7
    )
    torch.testing.assert_close(
        theorems.equation_4(matrix, gradient, depth), theorems.end_product_velocity(layers, velocities)
    )


def test_the_exact_gradient_of_the_ratio_is_autograds_and_the_printed_one_is_not(matrix: Tensor) -> None:
    leaf = matrix.clone().requires_grad_()
    (expected,) = torch.autograd.grad(torch.linalg.matrix_norm(leaf, "nuc") / torch.linalg.matrix_norm(leaf), leaf)
    torch.testing.assert_close(theorems.ratio_gradient(matrix), expected)
    assert (theorems.ratio_gradient_as_printed(matrix) - expected).norm() > 0.5 * expected.norm()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_exact_form_of_equation_7_holds_and_the_printed_one_does_not(
    matrix: Tensor, gradient: Tensor, depth: int
) -> None:
    layers = theorems.balanced_layers(matrix, depth)
    penalised = gradient + STRENGTH * theorems.ratio_gradient(matrix)
    expected = measured(layers, [-part for part in layer_gradients(layers, penalised)])
    exact = theorems.equation_7_exact(matrix, gradient, depth, STRENGTH)
    torch.testing.assert_close(exact, expected, rtol=1e-6, atol=1e-7)
    printed = theorems.equation_7(matrix, gradient, depth, STRENGTH)
    assert (printed - expected).abs().max() > 1e-2


def test_the_penalty_lowers_small_singular_values_though_equation_7_prints_growth_for_all(matrix: Tensor) -> None:
    nothing = torch.zeros_like(matrix)
    exact = theorems.equation_7_exact(matrix, nothing, 1, STRENGTH)
    values = torch.linalg.svdvals(matrix)
    limit = values.square().sum() / values.sum()
    assert torch.equal(exact > 0, values > limit)
    assert 0 < int((exact > 0).sum()) < SIZE
    assert bool((theorems.equation_7(matrix, nothing, 1, STRENGTH) > 0).all())


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_equation_5_is_exact_without_depth_alone(matrix: Tensor, gradient: Tensor, depth: int) -> None:
    layers = theorems.balanced_layers(matrix, depth)
    parts = layer_gradients(layers, gradient)
    scales = [(part.square() + 0.1).rsqrt() for part in parts]
    expected = measured(layers, [-scale * part for scale, part in zip(scales, parts, strict=True)])
    printed = theorems.equation_5(matrix, gradient, scales)
    if depth == 1:
        torch.testing.assert_close(printed, expected, rtol=1e-6, atol=1e-7)
    else:
        assert (printed - expected).abs().max() > 1e-2


def test_equation_9_is_exact_without_depth_but_for_the_norm_under_the_penaltys_terms(
    matrix: Tensor, gradient: Tensor
) -> None:
    scale = (gradient.square() + 0.1).rsqrt()
    exact = theorems.equation_5(matrix, gradient + STRENGTH * theorems.ratio_gradient(matrix), [scale])
    printed = theorems.equation_9(matrix, gradient, [scale], STRENGTH)
    penalised = gradient + STRENGTH * theorems.ratio_gradient(matrix)
    torch.testing.assert_close(exact, measured([matrix], [-scale * penalised]), rtol=1e-6, atol=1e-7)
    difference = theorems.ratio_gradient_as_printed(matrix) - theorems.ratio_gradient(matrix)
    torch.testing.assert_close(printed - exact, theorems.projections(matrix, -STRENGTH * scale * difference))
    assert (printed - exact).abs().max() > 1e-3
