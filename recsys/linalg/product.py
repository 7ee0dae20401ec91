"""The end product of a linear network's layers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce

from torch import Tensor


def product(layers: Iterable[Tensor]) -> Tensor:
    """W = W_N ⋯ W_1 of layers (…, d_j, d_{j−1}), W_1 first, multiplied in that order; a single layer as it is.

    Raises:
        TypeError: there is no layer.
    """
    return reduce(lambda below, layer: layer @ below, layers)
