"""A function of a matrix whose gradient is known in closed form."""

from __future__ import annotations

from typing import Any, NoReturn

import torch
from torch import Tensor
from typing_extensions import override


def with_gradient(matrix: Tensor, value: Tensor, gradient: Tensor) -> Tensor:
    """`value`, (...,), as a function of (..., m, n), differentiable once, whose gradient (..., m, n) is known.

    Differentiating it twice raises a RuntimeError.
    """
    result: Tensor = _WithGradient.apply(matrix, value, gradient)  # type: ignore[no-untyped-call]  # torch has no types
    return result


class _WithGradient(torch.autograd.Function):
    @staticmethod
    @override
    def forward(ctx: Any, matrix: Tensor, value: Tensor, gradient: Tensor) -> Tensor:
        ctx.save_for_backward(matrix, gradient)
        return value.clone()

    @staticmethod
    @override
    def backward(ctx: Any, outer: Tensor) -> tuple[Tensor, None, None]:
        matrix, gradient = ctx.saved_tensors
        result = outer[..., None, None] * gradient
        if torch.is_grad_enabled():  # with create_graph; otherwise the gradient would pass for a constant
            result = _NotDifferentiable.apply(matrix, result)  # type: ignore[no-untyped-call]
        return result, None, None


class _NotDifferentiable(torch.autograd.Function):
    """The gradient, as a function of the matrix that has no derivative."""

    @staticmethod
    @override
    def forward(ctx: Any, matrix: Tensor, gradient: Tensor) -> Tensor:
        return gradient.clone()

    @staticmethod
    @override
    def backward(ctx: Any, outer: Tensor) -> NoReturn:
        raise RuntimeError(
            "this gradient is a closed form that cannot be differentiated again: second derivatives of functions of "
            "singular values, such as the penalties, are not available"
        )
