"""Every dense optimiser of torch trains a model."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch.optim import Optimizer

from recsys.penalties import RatioPenalty
from tests.recsys.models.configurations import Network
from tests.recsys.small_ratings import SmallRatings, fit, rmse

# SparseAdam is left out: it takes sparse gradients only, and these are dense.
OPTIMIZERS = sorted(
    (
        kind
        for kind in vars(torch.optim).values()
        if isinstance(kind, type) and issubclass(kind, Optimizer) and kind not in (Optimizer, torch.optim.SparseAdam)
    ),
    key=lambda kind: kind.__name__,
)


# A mean over 504 ratings has small gradients, so those that step by the gradient itself need a large rate.
RATES = {"SGD": 10.0, "ASGD": 10.0, "RAdam": 1.0, "Adadelta": 1.0, "LBFGS": 0.1}


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_every_dense_optimizer_of_torch_trains_a_linear_network(optimizer: type[Optimizer]) -> None:
    model, data = Network(penalty=RatioPenalty(0.3)), SmallRatings()
    model.initialise(*data.training_set())
    before = rmse(model, data.train)
    make: Any = partial(optimizer, lr=RATES.get(optimizer.__name__, 0.05))  # type: ignore[call-arg]  # all have one
    fitted = fit(model, make, data, max_epochs=5)
    assert fitted.global_step == 5
    assert rmse(model, data.train) < 0.99 * before


def test_there_are_optimizers_to_train_with() -> None:
    assert {"Adam", "AdamW", "SGD", "LBFGS", "Muon"} <= {kind.__name__ for kind in OPTIMIZERS}
