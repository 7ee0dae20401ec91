"""A sum whose order is fixed, for numpy arrays and torch tensors; imports neither."""

from __future__ import annotations

from typing import Any, TypeVar

ArrayOrTensor = TypeVar("ArrayOrTensor", bound=Any)


def pairwise_sum(terms: ArrayOrTensor) -> ArrayOrTensor:
    """Sum (n, k) over k as a balanced tree of elementwise additions, for numpy arrays and torch tensors.

    The order of additions is fixed here, and each is rounded the same way everywhere, so that training and serving
    agree to the last bit; the libraries' own sums and dot products do not.
    """
    while (size := terms.shape[-1]) > 1:
        half = size // 2
        folded = terms[..., :half] + terms[..., half : 2 * half]
        if size % 2:
            folded[..., 0] += terms[..., -1]
        terms = folded
    total: ArrayOrTensor = terms[..., 0]
    return total
