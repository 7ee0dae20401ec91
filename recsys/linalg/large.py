"""Products of large matrices in less time: by the library that is faster here, and of half a symmetric one."""

from __future__ import annotations

import functools
from itertools import pairwise

import torch
from torch import Tensor

_SMALLEST = 256  # rows and columns from which on a product is worth the choice of a faster library
_STRIPS = 4


def times(left: Tensor, right: Tensor) -> Tensor:
    """The product left @ right for (..., r, c) and (..., c, d).

    MKL, with which torch multiplies matrices, takes twice the time of oneDNN on processors of AMD, and half of it on
    those of Intel. So single float32 matrices go through oneDNN there, as the convolution of width one that a matrix
    product is.
    """
    is_large = left.ndim == 2 and min(left.shape[1], right.shape[1]) >= _SMALLEST
    if is_large and left.dtype == torch.float32 and left.device.type == "cpu" and _prefers_onednn():
        return torch.nn.functional.conv1d(right[None], left[:, :, None])[0]
    return left @ right


@functools.cache
def _prefers_onednn() -> bool:
    return "AMD" in str(torch.cpu.get_capabilities().get("cpu_name"))


def symmetric_times(left: Tensor, right: Tensor) -> Tensor:
    """The product left @ right, (..., r, r), of (..., r, c) and (..., c, r), which is known to be symmetric.

    That of single large matrices is made by strips up to the diagonal and the little across it; the rest is transposed.
    """
    r = left.shape[-2]
    if left.ndim != 2 or r < _SMALLEST:
        return left @ right
    product = left.new_empty(r, r)
    bounds = [r * strip // _STRIPS for strip in range(_STRIPS + 1)]
    for begin, end in pairwise(bounds):
        product[begin:end, :end] = times(left[begin:end], right[:, :end])
        product[:begin, begin:end] = product[begin:end, :begin].mT
    return product
