"""Penalties on the weights of other people's networks: what autograd, autocast and layers hand them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from recsys.penalties import RatioPenalty, SmoothedRatioPenalty
from tests.recsys.linalg.planted import planted
from tests.recsys.penalties.configurations import STRENGTH, Make, every_penalty, gradient

VALUES = torch.tensor([3.0, 2.0, 1.5], dtype=torch.float64)


def batch() -> Tensor:
    """Two times two 5×3 matrices."""
    return torch.stack([planted(5, 3, VALUES * (1 + k), seed=k) for k in range(4)]).reshape(2, 2, 5, 3)


LAYOUTS: dict[str, Callable[[], Tensor]] = {
    "tall": lambda: planted(7, 3, VALUES),
    "wide": lambda: planted(3, 7, VALUES),
    "batch": batch,
    "batch of transposes": lambda: batch().mT,
    "transposed": lambda: planted(7, 3, VALUES).T,
    "every second entry": lambda: planted(7, 3, VALUES).repeat_interleave(2, 1)[:, ::2],
    "batch last": lambda: batch()[0].permute(1, 2, 0).contiguous().permute(2, 0, 1),
}


@every_penalty
@pytest.mark.parametrize("make_matrix", LAYOUTS.values(), ids=LAYOUTS)
def test_gradient_is_the_derivative_however_the_matrices_lie_in_memory(
    make_matrix: Callable[[], Tensor], make: Make
) -> None:
    matrix = make_matrix().requires_grad_()
    assert torch.autograd.gradcheck(make(STRENGTH), matrix, eps=1e-6, atol=1e-7)


@every_penalty
def test_a_second_derivative_is_refused_and_does_not_pass_for_zero(make: Make) -> None:
    matrix = planted(5, 3, VALUES).requires_grad_()
    with pytest.raises(RuntimeError, match=r"second derivatives .* penalties, are not available"):
        torch.autograd.gradgradcheck(make(STRENGTH), matrix)
    (first,) = torch.autograd.grad(make(STRENGTH)(matrix), matrix, create_graph=True)
    torch.testing.assert_close(first.detach(), gradient(make(STRENGTH), matrix))
    with pytest.raises(RuntimeError, match="cannot be differentiated again"):
        (matrix.sum() + first.square().sum()).backward()  # type: ignore[no-untyped-call]


@every_penalty
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.complex64])
def test_other_types_are_refused_with_the_remedy(make: Make, dtype: torch.dtype) -> None:
    matrix = planted(5, 3, VALUES).to(dtype)
    with pytest.raises(TypeError, match=rf"float32 or float64 matrix, not {dtype}: matrix\.float\(\) is one"):
        make(STRENGTH)(matrix)


@every_penalty
@pytest.mark.parametrize("shape", [(), (5,), (0, 4), (4, 0), (2, 0, 4)], ids=str)
def test_what_is_no_matrix_is_refused(make: Make, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"needs a matrix \(\.\.\., m, n\) with entries, not a tensor"):
        make(STRENGTH)(torch.zeros(shape))


@pytest.mark.parametrize("penalty", [RatioPenalty(STRENGTH), SmoothedRatioPenalty(STRENGTH, smoothing=1.0)], ids=str)
@pytest.mark.parametrize("shape", [(40, 30), (300, 280)], ids=str)
def test_mixed_precision_changes_nothing(penalty: nn.Module, shape: tuple[int, int]) -> None:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(0)).requires_grad_()
    plain = penalty(weight)
    (expected,) = torch.autograd.grad(plain, weight)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = penalty(weight)
    assert torch.equal(mixed, plain) and mixed.dtype == torch.float32
    assert torch.equal(torch.autograd.grad(mixed, weight)[0], expected)
