"""The paper's singular-value velocities (equations 3, 5, 7 and 9) as printed, and as they follow exactly.

W = W_N ⋯ W_1 moves as its layers do: Ẇ = Σ_j (W_N ⋯ W_{j+1}) Ẇ_j (W_{j−1} ⋯ W_1), and σ̇_i = u_iᵀ Ẇ v_i.

**Equations 3 and 4** are exact under gradient flow, Ẇ_j = −∂L/∂W_j, when the layers are balanced,
W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ, as `balanced_layers` makes them.

**Equation 5.** Adam without momentum moves layer j by −S_j ∘ ∂L/∂W_j with S_j = ((∂L/∂W_j)² + s_j²)^(−1/2), so

    Ẇ = −Σ_j A_j (S_j ∘ (A_jᵀ ∇L B_jᵀ)) B_j,    A_j = W_N ⋯ W_{j+1},  B_j = W_{j−1} ⋯ W_1.

The printed P_{W,G} scales the end product's gradient instead, A_jA_jᵀ (S_j ∘ ∇L) B_jᵀB_j. An entrywise product does
not commute with a matrix product, so the two agree for N = 1 alone, where both are S ∘ ∇L. (With the order of factors
that is printed, vec there stacks rows, unlike in equation 4.)

**Equation 7.** By equation 3 the penalty adds −λ N σ_r^(2(N−1)/N) u_rᵀ (∂R/∂W) v_r, and from R = ‖W‖_*/‖W‖_F

    ∂R/∂W = U Vᵀ/‖W‖_F − ‖W‖_* W/‖W‖_F³,    u_rᵀ (∂R/∂W) v_r = (1/‖W‖_F) (1 − σ_r ‖W‖_*/‖W‖_F²).

Printed is λ N σ_r^((3N−2)/2) (1 − ‖W‖_*/‖W‖_F)/‖W‖_F²: another power of σ_r and, since ‖W‖_* ≥ ‖W‖_F, one sign for
all singular values, which would all grow. Exactly, those above ‖W‖_F²/‖W‖_* grow and those below shrink, which is how
the penalty lowers the rank. **Equations 8 and 9** print ‖W‖_F² under both terms of ∂R/∂W, which the derivative does
not have.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from recsys.linalg.product import product
from recsys.linalg.spectral import decompose


def balanced_layers(matrix: Tensor, depth: int) -> list[Tensor]:
    """Layers with W_N ⋯ W_1 = W and W_{j+1}ᵀ W_{j+1} = W_j W_jᵀ, W_1 first, of a square W of full rank."""
    spectrum = decompose(matrix)
    roots = spectrum.singular_values ** (1 / depth)
    top = spectrum.map(roots)  # U Σ^(1/N) Vᵀ
    symmetric = spectrum.map(torch.ones_like(roots)).mT @ top  # V Σ^(1/N) Vᵀ
    return [symmetric] * (depth - 1) + [top]


def projections(matrix: Tensor, velocity: Tensor) -> Tensor:
    """u_iᵀ Ẇ v_i, the velocities of the singular values of W (n, n) that moves with Ẇ, as (n,)."""
    count = min(matrix.shape)
    dyads = decompose(matrix.expand(count, -1, -1)).map(torch.eye(count, dtype=matrix.dtype))  # u_i v_iᵀ
    return (dyads * velocity).sum((-2, -1))


def end_product_velocity(layers: Sequence[Tensor], velocities: Sequence[Tensor]) -> Tensor:
    """Ẇ for layers, W_1 first, that move with Ẇ_j."""
    total = torch.zeros_like(layers[0])
    for moving in range(len(layers)):
        total = total + product([*layers[:moving], velocities[moving], *layers[moving + 1 :]])
    return total


def ratio_gradient(matrix: Tensor) -> Tensor:
    """∂R/∂W of R = ‖W‖_*/‖W‖_F, exactly."""
    polar, nuclear, frobenius = _norms(matrix)
    return polar / frobenius - nuclear * matrix / frobenius**3


def ratio_gradient_as_printed(matrix: Tensor) -> Tensor:
    """(U Vᵀ − U Σ̃ Vᵀ) / ‖W‖_F² with Σ̃ = Σ ‖W‖_*/‖W‖_F, of equations 8 and 9."""
    polar, nuclear, frobenius = _norms(matrix)
    return (polar - nuclear / frobenius * matrix) / frobenius**2


def equation_3(matrix: Tensor, gradient: Tensor, depth: int) -> Tensor:
    """σ̇_i = −N (σ_i²)^((N−1)/N) u_iᵀ ∇L v_i for a gradient ∇L = ∂L/∂W."""
    values = decompose(matrix).singular_values
    return -depth * values ** (2 * (depth - 1) / depth) * projections(matrix, gradient)


def equation_4(matrix: Tensor, gradient: Tensor, depth: int) -> Tensor:
    """Ẇ = −Σ_j (W Wᵀ)^((j−1)/N) ∇L (WᵀW)^((N−j)/N), which is −P_W vec(∇L) as a matrix."""
    return equation_6(matrix, gradient, [torch.ones_like(matrix)] * depth)


def equation_5(matrix: Tensor, gradient: Tensor, scales: Sequence[Tensor]) -> Tensor:
    """σ̇_i = u_iᵀ Ẇ v_i with Ẇ of equation 6."""
    return projections(matrix, equation_6(matrix, gradient, scales))


def equation_6(matrix: Tensor, gradient: Tensor, scales: Sequence[Tensor]) -> Tensor:
    """Ẇ = −Σ_j (W Wᵀ)^((j−1)/N) (S_j ∘ ∇L) (WᵀW)^((N−j)/N) for S_1, …, S_N, which is −P_{W,G} vec(∇L) as a matrix."""
    depth, total = len(scales), torch.zeros_like(matrix)
    for j, scale in enumerate(scales, start=1):
        left, right = _gram_power(matrix, (j - 1) / depth), _gram_power(matrix.mT, (depth - j) / depth)
        total = total - left @ (scale * gradient) @ right
    return total


def equation_7(matrix: Tensor, gradient: Tensor, depth: int, strength: float) -> Tensor:
    """σ̇_r = σ̇_r of equation 3 − λ N (1 − ‖W‖_*/‖W‖_F) σ_r^((3N−2)/2) / ‖W‖_F², as printed; ∇L without the penalty."""
    _, nuclear, frobenius = _norms(matrix)
    values = decompose(matrix).singular_values
    printed = depth * (1 - nuclear / frobenius) * values ** ((3 * depth - 2) / 2) / frobenius**2
    return equation_3(matrix, gradient, depth) - strength * printed


def equation_7_exact(matrix: Tensor, gradient: Tensor, depth: int, strength: float) -> Tensor:
    """σ̇_r = σ̇_r of equation 3 − λ N σ_r^(2(N−1)/N) (1 − σ_r ‖W‖_*/‖W‖_F²) / ‖W‖_F; ∇L without the penalty."""
    _, nuclear, frobenius = _norms(matrix)
    values = decompose(matrix).singular_values
    exact = depth * values ** (2 * (depth - 1) / depth) * (1 - values * nuclear / frobenius**2) / frobenius
    return equation_3(matrix, gradient, depth) - strength * exact


def equation_9(matrix: Tensor, gradient: Tensor, scales: Sequence[Tensor], strength: float) -> Tensor:
    """Equation 5 with ∇L + λ times the penalty's gradient, both as printed; ∇L without the penalty."""
    return equation_5(matrix, gradient + strength * ratio_gradient_as_printed(matrix), scales)


def _norms(matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """U Vᵀ, ‖W‖_* and ‖W‖_F."""
    spectrum = decompose(matrix)
    values = spectrum.singular_values
    return spectrum.map(torch.ones_like(values)), values.sum(), torch.linalg.vector_norm(values)


def _gram_power(matrix: Tensor, power: float) -> Tensor:
    """(W Wᵀ)^power of a square matrix of full rank."""
    spectrum = decompose(matrix)
    values = spectrum.singular_values
    return spectrum.map(values ** (2 * power)) @ spectrum.map(torch.ones_like(values)).mT
