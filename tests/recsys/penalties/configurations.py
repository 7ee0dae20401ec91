"""A configuration of every penalty, for the tests that run over all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from recsys.penalties import (
    NuclearNormPenalty,
    Penalty,
    RatioPenalty,
    SchattenRatioPenalty,
    SmoothedRatioPenalty,
)
from tests.recsys.linalg.planted import DTYPES

ORDERS = [(1, 2), (1 / 2, 2 / 3), (1 / 3, 2 / 3), (1 / 3, 1 / 2), (2, 4), (1, 3), (2, 1)]
STRENGTH = 1.7


Make = Callable[[float], Penalty]  # makes a penalty of the given strength


SCALE_FREE: dict[str, Make] = {
    "RatioPenalty": RatioPenalty,
    **{f"Schatten {p:.3g}/{q:.3g}": partial(SchattenRatioPenalty, p=p, q=q) for p, q in ORDERS[1:]},
}


PENALTIES: dict[str, Make] = {
    "NuclearNormPenalty": NuclearNormPenalty,
    "SmoothedRatioPenalty": partial(SmoothedRatioPenalty, smoothing=0.5),
    **SCALE_FREE,
}


every_penalty = pytest.mark.parametrize("make", PENALTIES.values(), ids=PENALTIES)


scale_free = pytest.mark.parametrize("make", SCALE_FREE.values(), ids=SCALE_FREE)


either_precision = pytest.mark.parametrize("dtype", DTYPES, ids=["float64", "float32"])


def gradient(penalty: Penalty, matrix: Tensor) -> Tensor:
    leaf = matrix.detach().clone().requires_grad_()
    return torch.autograd.grad(penalty(leaf).sum(), leaf)[0]
