"""What the classes of a configuration do not take is refused with the option that gave it: null, and numbers."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

from recsys.command.arguments.refusals import require_supported
from recsys.errors import CommandError
from tests.recsys.command.arguments.configurations import Settings, a, changed
from tests.recsys.command.arguments.supported import OPTIMIZERS


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_what_an_optimiser_does_not_take_is_refused_with_the_option_that_gave_it(settings: Settings, name: str) -> None:
    optimizer = getattr(torch.optim, name)
    parameters = [torch.nn.Parameter(torch.ones(2, 2))]
    refused = 0
    for argument, parameter in inspect.signature(optimizer).parameters.items():
        if argument in ("params", "foreach", "fused", "differentiable", "capturable", "adjust_lr_fn"):
            continue
        pair = isinstance(parameter.default, tuple)
        for number in (-1.0, 1.5, float("nan"), float("inf")) if isinstance(parameter.default, float | tuple) else ():
            value = [number, *parameter.default[1:]] if pair else number
            try:
                optimizer(parameters, **{argument: value})
                taken = bool(np.isfinite(number))
            except ValueError:
                taken = False
            asked = changed(settings, optimizer=a(name, **{argument: value}))
            if not taken:
                refused += 1
                with pytest.raises(CommandError, match=rf"^--optimizer.{argument}: expected .*, not .*\.$"):
                    require_supported(asked)
    assert refused >= 3


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        ("optimizer", a("Adam", lr=None), "--optimizer.lr: expected a number, not null."),
        ("optimizer", a("Adam", betas=None), "--optimizer.betas: expected a list, not null."),
        (
            "model",
            a("BayesianEmbedding", dimension=None),
            "--model.dimension: expected a whole number, not n",
        ),
        (
            "trainer__callbacks",
            [a("EarlyStopping", monitor=None)],
            "--trainer.callbacks.monitor: expected text",
        ),
        ("data__init_args__seed", None, "--data.seed: expected a whole number, not null."),
        ("run__artifacts", None, "--run.artifacts: expected a path, not null."),
        ("selection__patience", None, "--selection.patience: expected a whole number, not null."),
    ],
)
def test_null_is_refused_where_something_is_needed(settings: Settings, option: str, value: object, line: str) -> None:
    with pytest.raises(CommandError) as raised:
        require_supported(changed(settings, **{option: value}))
    assert str(raised.value).startswith(line)


def test_null_is_taken_where_it_stands_for_something(settings: Settings) -> None:
    without = a("BayesianEmbedding", n_users=None, n_items=None, dimension=3, user_penalty=None, time=None)
    require_supported(changed(settings, model=without, data__init_args__path=None, run__keep=None, lr_scheduler=None))
