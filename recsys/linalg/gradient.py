"""A function of a matrix whose gradient is known in closed form."""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override


def with_gradient(matrix: Tensor, value: Tensor, gradient: Tensor) -> Tensor:
    """`value`, (...,), as a function of (..., m, n), differentiable once, whose gradient (..., m, n) is known."""
    result: Tensor = _WithGradient.apply(matrix, value, gradient)  # type: ignore[no-untyped-call]  # torch has no types
    return result


class _WithGradient(torch.autograd.Function):
    @staticmethod
    @override
    def forward(ctx: torch.autograd.function.FunctionCtx, matrix: Tensor, value: Tensor, gradient: Tensor) -> Tensor:
        ctx.save_for_backward(gradient)
        return value.clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    @override
    def backward(ctx: torch.autograd.function.FunctionCtx, outer: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors  # type: ignore[attr-defined]  # set by save_for_backward
        return outer[..., None, None] * gradient, None, None
