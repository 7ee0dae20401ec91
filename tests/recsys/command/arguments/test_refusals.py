"""Which settings are refused before the work: there is a decision about each argument of the Trainer and each class."""

from __future__ import annotations

import inspect
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lightning_fabric.plugins import environments

from recsys import models
from recsys.command.arguments.refusals import REFUSALS, require_supported
from recsys.command.main import main
from recsys.errors import CommandError
from tests.recsys.command.arguments.supported import CALLBACKS, OPTIMIZERS, SCHEDULERS, VALUES

Settings = dict[str, Any]


@pytest.fixture(scope="module")
def settings() -> Settings:
    """The settings of a fit that is told nothing."""
    with pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("sys.argv", ["recsys"])
        patch.setattr("sys.stdout.write", printed.append)
        with pytest.raises(SystemExit):
            main(["fit", "--print_config"])
    found: Settings = yaml.safe_load("".join(printed))
    return found


def changed(settings: Settings, **values: Any) -> Settings:
    """A copy with other values, each under the name of its option, as in trainer__max_epochs."""
    copy = deepcopy(settings)
    for option, value in values.items():
        *sections, name = option.split("__")
        place = copy
        for section in sections:
            place = place[section]
        place[name] = value
    return copy


MODULES = (
    *(torch.optim, torch.optim.lr_scheduler, pl.callbacks, pl.accelerators, pl.strategies),
    *(environments, models),
)


def a(name: str, **arguments: Any) -> Settings:
    """A class in a configuration."""
    module = next(module for module in MODULES if hasattr(module, name))
    return {"class_path": f"{module.__name__}.{name}", "init_args": arguments}


def test_there_is_a_decision_about_every_argument_of_the_trainer() -> None:
    arguments = set(inspect.signature(pl.Trainer.__init__).parameters) - {"self"}
    assert {name.removeprefix("trainer.") for name in REFUSALS if name.startswith("trainer.")} == arguments
    assert VALUES.keys() <= arguments


@pytest.mark.parametrize(
    ("option", "names", "supported"),
    [
        ("trainer__callbacks", pl.callbacks.__all__, CALLBACKS),
        ("optimizer", [name for name in torch.optim.__all__ if name[0].isupper() and name != "Optimizer"], OPTIMIZERS),
        ("lr_scheduler", torch.optim.lr_scheduler.__all__, SCHEDULERS),
    ],
)
def test_there_is_a_decision_about_every_class_that_can_be_named(
    settings: Settings, option: str, names: list[str], supported: dict[str, tuple[str, ...]]
) -> None:
    refused = set()
    for name in names:
        try:
            require_supported(changed(settings, **{option: a(name)}))
        except CommandError:
            refused.add(name)
    assert refused | supported.keys() == set(names)
    assert not refused & supported.keys()


def test_the_base_configuration_is_supported(settings: Settings) -> None:
    require_supported(settings)


REFUSED: list[tuple[str, Any]] = [
    ("trainer__accelerator", "tpu"),
    ("trainer__accelerator", "nonsense"),
    ("trainer__accelerator", a("CPUAccelerator")),
    ("trainer__strategy", "ddp"),
    ("trainer__strategy", a("DDPStrategy")),
    *(("trainer__devices", value) for value in (2, "2", 0, -1, [0, 1], "0,1", [])),
    ("trainer__num_nodes", 2),
    *(("trainer__precision", value) for value in (16, 64, "64", "bf16", "bf16-true", "16-true", "64-true", "16-mixed")),
    ("trainer__callbacks", [a("LearningRateMonitor"), a("EarlyStopping", monitor="val_rmse")]),
    ("trainer__callbacks", a("ModelCheckpoint", monitor="val_mae")),
    ("trainer__callbacks", a("StochasticWeightAveraging")),
    ("trainer__fast_dev_run", -1),
    *(("trainer__max_epochs", value) for value in (None, 0, -2)),
    *(("trainer__min_epochs", value) for value in (-1, 201)),
    *(("trainer__max_steps", value) for value in (0, -2)),
    ("trainer__min_steps", -1),
    *(("trainer__max_time", value) for value in ("nonsense", "00:00:00:00", {"hours": 0}, {"ours": 1}, "1")),
    *(("trainer__limit_train_batches", value) for value in (0, 0.0, -1, 0.5, 1.5, float("inf"))),
    *(("trainer__limit_val_batches", value) for value in (0, 0.0, -1, 0.5, 1.5, float("inf"))),
    *(("trainer__limit_test_batches", value) for value in (0, 0.0, -1, 0.5, 1.5, float("inf"))),
    *(("trainer__limit_predict_batches", value) for value in (0, 0.0, -1, 0.5, 1.5, float("inf"))),
    *(("trainer__overfit_batches", value) for value in (1, 0.5, -1)),
    *(("trainer__val_check_interval", value) for value in (0.5, 5, "00:00:01:00")),
    *(("trainer__check_val_every_n_epoch", value) for value in (None, 0, -1, 201)),
    ("trainer__num_sanity_val_steps", -2),
    ("trainer__log_every_n_steps", -1),
    ("trainer__enable_checkpointing", False),
    *(("trainer__accumulate_grad_batches", value) for value in (0, -1)),
    *(("trainer__gradient_clip_val", value) for value in (-0.1, float("nan"))),
    ("trainer__gradient_clip_algorithm", "nonsense"),
    *(("trainer__profiler", value) for value in ("xla", "nonsense")),
    ("trainer__barebones", True),
    ("trainer__plugins", [a("LightningEnvironment")]),
    ("trainer__plugins", "nonsense"),
    ("trainer__sync_batchnorm", True),
    ("trainer__reload_dataloaders_every_n_epochs", -1),
    ("trainer__model_registry", "somewhere"),
    ("lr_scheduler", a("ReduceLROnPlateau", monitor="val_rmse")),
    ("lr_scheduler", a("StepLR", step_size=0)),
    ("lr_scheduler", a("CosineAnnealingLR", T_max=0)),
    ("lr_scheduler", a("OneCycleLR", total_steps=199, epochs=None, steps_per_epoch=None)),
    ("optimizer", a("SGD", lr=0.1, momentum=0.0, dampening=0.0, nesterov=True)),
    ("optimizer", None),
    *(("seed_everything", value) for value in (-1, 2**32)),
    *(
        ("run__name", value)
        for value in ("", " ", ".", "..", "../x", "/x", "a/b", "a\\b", "a\0b", "a\nb", "x" * 201, " a")
    ),
    *(("run__checkpoint_every", value) for value in (0, -1)),
]


@pytest.mark.parametrize(("option", "value"), REFUSED)
def test_a_value_that_cannot_work_is_refused_in_a_line_that_names_it(
    settings: Settings, option: str, value: object
) -> None:
    with pytest.raises(CommandError) as raised:
        require_supported(changed(settings, **{option: value}))
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"--{option.replace('__', '.')} ")
    assert line.endswith(".")
    assert line.isprintable()


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
                with pytest.raises(CommandError, match=rf"^--optimizer.init_args.{argument}: expected .*, not .*\.$"):
                    require_supported(asked)
    assert refused >= 3


@pytest.mark.parametrize(
    ("option", "value", "line"),
    [
        ("optimizer", a("Adam", lr=None), "--optimizer.init_args.lr: expected a number, not null."),
        ("optimizer", a("Adam", betas=None), "--optimizer.init_args.betas: expected a list, not null."),
        (
            "model",
            a("BayesianEmbedding", dimension=None),
            "--model.init_args.dimension: expected a whole number, not n",
        ),
        (
            "trainer__callbacks",
            [a("EarlyStopping", monitor=None)],
            "--trainer.callbacks.init_args.monitor: expected text",
        ),
        ("data__seed", None, "--data.seed: expected a whole number, not null."),
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
    require_supported(changed(settings, model=without, data__path=None, run__keep=None, lr_scheduler=None))


def test_arguments_are_judged_together(settings: Settings) -> None:
    without_validation = changed(settings, data__validation=0.0)
    require_supported(changed(without_validation, trainer__limit_val_batches=0))
    require_supported(changed(without_validation, trainer__check_val_every_n_epoch=201))
    require_supported(changed(settings, trainer__max_epochs=-1))  # the validation ends it
    require_supported(changed(without_validation, trainer__max_epochs=-1, trainer__max_steps=10))
    for values in (
        {"trainer__max_epochs": -1},
        {"trainer__max_steps": 5, "trainer__min_steps": 6},
        {"trainer__callbacks": a("LearningRateMonitor"), "trainer__logger": False},
        {"trainer__gradient_clip_val": 1.0, "model": a("BayesianEmbedding")},
        {"trainer__accumulate_grad_batches": 2, "model": a("BayesianEmbedding")},
    ):
        with pytest.raises(CommandError):
            require_supported(changed(without_validation, **values))


def test_each_mistake_has_its_line(settings: Settings) -> None:
    with pytest.raises(CommandError, match=r"^--trainer.devices 2: .*\n--trainer.barebones true: .*\.$"):
        require_supported(changed(settings, trainer__devices=2, trainer__barebones=True))


@pytest.mark.parametrize(
    ("accelerator", "cuda", "mps", "devices", "fits"),
    [
        ("auto", 0, False, 1, True),
        ("gpu", 0, False, 1, False),
        ("cuda", 0, False, 1, False),
        ("gpu", 0, True, 1, False),
        ("auto", 0, True, 1, False),
        ("cpu", 0, True, 1, True),
        ("gpu", 1, False, "auto", True),
        ("auto", 1, False, 1, True),
        ("auto", 2, False, "auto", False),
        ("gpu", 2, False, [1], True),
        ("gpu", 2, False, "1,", True),
        ("gpu", 2, False, [0, 1], False),
        ("gpu", 2, False, 2, False),
        ("cpu", 2, False, "auto", True),
    ],
)
def test_a_device_is_refused_where_there_is_none_or_where_it_is_several(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    accelerator: str,
    cuda: int,
    mps: bool,
    devices: object,
    fits: bool,
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: cuda > 0)
    monkeypatch.setattr("torch.cuda.device_count", lambda: cuda)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: mps)
    asked = changed(settings, trainer__accelerator=accelerator, trainer__devices=devices)
    if fits:
        require_supported(asked)
    else:
        with pytest.raises(CommandError):
            require_supported(asked)


VALUE = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.lists(st.integers(), max_size=2)
)


@pytest.mark.parametrize("name", ["max_time", "devices", "callbacks", "logger", "profiler", "plugins", "precision"])
@given(value=VALUE)
def test_whatever_a_loosely_typed_argument_is_given_it_is_taken_or_refused(
    settings: Settings, name: str, value: object
) -> None:
    try:
        require_supported(changed(settings, **{f"trainer__{name}": value}))
    except CommandError as refused:
        assert f"--trainer.{name} " in str(refused)


def test_the_documentation_names_every_argument_of_which_something_particular_is_refused() -> None:
    page = (Path(__file__).parents[4] / "docs" / "training.md").read_text()
    section = page[page.index("## Arguments of the Trainer that are refused") :]
    plain = {"fast_dev_run", "min_epochs", "max_steps", "min_steps", "num_sanity_val_steps", "log_every_n_steps",
               "reload_dataloaders_every_n_epochs", "max_time", "gradient_clip_algorithm", "profiler"}  # fmt: skip
    for argument, refusals in REFUSALS.items():
        name = re.sub(r"limit_\w+_batches", "limit_*_batches", argument.removeprefix("trainer."))
        if argument.startswith("trainer.") and refusals and name not in plain:  # whose refusals explain themselves
            assert f"`{name}`" in section
