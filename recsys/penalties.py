"""Penalties on the singular values of a matrix: modules that map a matrix to λ R(W) and know their λ.

They import no more than torch and numpy, and work in any training loop: `loss + penalty(layer.weight)`; the models of
`recsys.models` take one as an argument. Gradients are in closed form (`recsys.linalg.spectral.spectral_function`) and
exist once: a second derivative is a RuntimeError. The zero matrix, where the ratios are undefined, has value 0 and
gradient 0.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from typing_extensions import override

from recsys.linalg.gradient import with_gradient
from recsys.linalg.smoothing import smoothed_nuclear_norm, value_and_derivative
from recsys.linalg.spectral import spectral_function
from recsys.linalg.tall import right_singular_vectors
from recsys.share import Share


class Penalty(nn.Module, ABC):
    """λ R(W) for (..., m, n) matrices as (...,), with R given by `of_singular_values`."""

    def __init__(self, strength: float) -> None:
        """Set λ.

        Args:
            strength: λ, the weight of the penalty beside the mean squared error; a finite number, at least 0.

        Raises:
            ValueError: λ is negative, infinite or not a number.
        """
        super().__init__()
        if not (math.isfinite(strength) and strength >= 0):
            raise ValueError(f"a penalty's strength λ must be a finite number >= 0, not {strength}")
        self.strength = strength

    @override
    def forward(self, matrix: Tensor) -> Tensor:
        """λ R(W) of (..., m, n) as (...,), differentiable once with respect to the matrix.

        Raises:
            TypeError: the matrix is neither float32 nor float64.
            ValueError: there are fewer than two dimensions, or no rows or columns.
            NonFiniteMatrixError: an entry is infinite, not a number, or so large that the nuclear norm might overflow.
        """
        if matrix.dtype not in (torch.float32, torch.float64):
            raise TypeError(f"a penalty needs a float32 or float64 matrix, not {matrix.dtype}: matrix.float() is one")
        if matrix.ndim < 2 or 0 in matrix.shape[-2:]:
            raise ValueError(f"a penalty needs a matrix (..., m, n) with entries, not a tensor {tuple(matrix.shape)}")
        with torch.autocast(matrix.device.type, enabled=False):  # its products would lose the small singular values
            return self.of_matrix(matrix)

    def of_matrix(self, matrix: Tensor) -> Tensor:
        """λ R(W) as `forward` has it, without its checks."""
        return self.strength * spectral_function(matrix, self.of_singular_values)

    def of_rows(self, matrix: Tensor, rows: Share) -> Tensor:
        """λ R(W), (), for a W of few columns, of which this process has the rows (m, n); they alone get a gradient.

        ∂R/∂W = W V diag(∂R/∂σ / σ) Vᵀ. The singular values and V come from WᵀW in float64, so the order of additions,
        and with it the number of processes, is in the ninth digit, where `forward` computes in float32.
        """
        values, vectors = right_singular_vectors(matrix, rows)
        value, slopes = self.of_singular_values(values)
        scales = torch.where(values > 0, slopes / torch.where(values > 0, values, 1.0), 0.0)
        gradient = matrix.detach() @ (vectors * scales @ vectors.mT).to(matrix)
        return with_gradient(matrix, (self.strength * value).to(matrix), self.strength * gradient)

    @abstractmethod
    def of_singular_values(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """R, (...,), and ∂R/∂σ, (..., r), for singular values (..., r) >= 0; the derivative at σᵢ = 0 is 0."""

    @override
    def extra_repr(self) -> str:
        return f"strength={self.strength}"


class NuclearNormPenalty(Penalty):
    """λ ‖W‖_*, the sum of the singular values: the convex stand-in for rank."""

    @override
    def of_singular_values(self, values: Tensor) -> tuple[Tensor, Tensor]:
        return values.sum(-1), (values > 0).to(values.dtype)


class SchattenRatioPenalty(Penalty):
    """λ ‖W‖_Sp / ‖W‖_Sq with ‖W‖_Sp = (Σ σᵢᵖ)^(1/p), for any positive p and q (quasi-norms below 1).

    With S_p = Σ σᵢᵖ the derivative is ∂R/∂σᵢ = R (σᵢᵖ⁻¹ / S_p − σᵢ^(q−1) / S_q). R does not change when W is scaled.
    Source: the paper, Table 1.
    """

    def __init__(self, strength: float, p: float, q: float) -> None:
        """Set λ and the two orders.

        Args:
            strength: λ, the weight of the penalty beside the mean squared error; a finite number, at least 0.
            p: order of the norm above the line, positive.
            q: order of the norm below the line, positive; larger than p for a penalty that favours low rank.

        Raises:
            ValueError: λ is negative or not finite, or an order is not a positive finite number.
        """
        super().__init__(strength)
        for name, order in (("p", p), ("q", q)):
            if not (math.isfinite(order) and order > 0):
                raise ValueError(f"the order {name} of a Schatten norm must be a positive finite number, not {order}")
        self.p = p
        self.q = q

    @override
    def of_singular_values(self, values: Tensor) -> tuple[Tensor, Tensor]:
        largest = values.amax(-1, keepdim=True)  # powers of σ/σ₁ cannot overflow, and R does not change
        relative = values / torch.where(largest > 0, largest, 1.0)  # (..., r)
        powers_p, powers_q = relative**self.p, relative**self.q
        sum_p, sum_q = powers_p.sum(-1, keepdim=True), powers_q.sum(-1, keepdim=True)  # from 1; 0 for the zero matrix
        safe_p, safe_q = sum_p.clamp(min=1), sum_q.clamp(min=1)
        ratio = sum_p ** (1 / self.p) / safe_q ** (1 / self.q)
        slope = ratio * (powers_p / safe_p - powers_q / safe_q)  # σᵢ ∂R/∂σᵢ
        return ratio[..., 0], slope / torch.where(values > 0, values, 1.0)

    @override
    def extra_repr(self) -> str:
        return f"strength={self.strength}, p={self.p:g}, q={self.q:g}"


class RatioPenalty(SchattenRatioPenalty):
    """λ ‖W‖_* / ‖W‖_F, the paper's penalty: 1 for rank one, √r for r equal singular values, whatever the scale.

    Its gradient is λ (U Vᵀ / ‖W‖_F − ‖W‖_* W / ‖W‖_F³). The paper's equation (8) prints ‖W‖_F² under both terms, which
    is not the derivative of the ratio as defined; the exact one is used here. Source: the paper, section 3.1.
    """

    def __init__(self, strength: float) -> None:
        """Set λ.

        Args:
            strength: λ, the weight of the penalty beside the mean squared error; a finite number, at least 0.

        Raises:
            ValueError: λ is negative, infinite or not a number.
        """
        super().__init__(strength, p=1, q=2)

    @override
    def extra_repr(self) -> str:
        return f"strength={self.strength}"


class SmoothedRatioPenalty(Penalty):
    """λ Σ (√(σᵢ² + ε²) − ε) / ‖W‖_F: the ratio penalty without the kink at every σ = 0.

    Singular values well above ε are penalised as by `RatioPenalty`, those well below hardly, as if they were noise. Its
    gradient, λ (U g(Σ) Vᵀ / ‖W‖_F − R W / ‖W‖_F²) with g(σ) = σ / √(σ² + ε²), comes from a few products of matrices
    where the matrix is large (`recsys.linalg.smoothing`), in a third of the time or less.
    """

    def __init__(self, strength: float, smoothing: float) -> None:
        """Set λ and ε.

        Args:
            strength: λ, the weight of the penalty beside the mean squared error; a finite number, at least 0.
            smoothing: ε, in the units of the singular values; a positive finite number. Noise of standard deviation s
                in each entry of an m × n matrix has singular values up to s (√m + √n).

        Raises:
            ValueError: λ is negative or not finite, or ε is not a positive finite number.
        """
        super().__init__(strength)
        if not (math.isfinite(smoothing) and smoothing > 0):
            raise ValueError(f"the smoothing ε must be a positive finite number, not {smoothing}")
        self.smoothing = smoothing

    @override
    def of_matrix(self, matrix: Tensor) -> Tensor:
        found = smoothed_nuclear_norm(matrix.detach(), self.smoothing)
        if found is None:
            return super().of_matrix(matrix)
        value, gradient = found
        norm = float(torch.linalg.vector_norm(matrix.detach())) or 1.0
        scale = self.strength / norm
        gradient.mul_(scale).add_(matrix.detach(), alpha=-scale * float(value) / norm / norm)
        return with_gradient(matrix, scale * value, gradient)

    @override
    def of_singular_values(self, values: Tensor) -> tuple[Tensor, Tensor]:
        norm = torch.linalg.vector_norm(values, dim=-1, keepdim=True)  # (..., 1)
        safe = torch.where(norm > 0, norm, 1.0)
        smoothed, slopes = value_and_derivative(values, self.smoothing)
        ratio = smoothed[..., None] / safe
        return ratio[..., 0], (slopes - ratio * values / safe) / safe

    @override
    def extra_repr(self) -> str:
        return f"strength={self.strength}, smoothing={self.smoothing:g}"
