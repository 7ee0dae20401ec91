"""Which settings are refused before the work: there is a decision about each argument of the Trainer and each class."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given
from hypothesis import strategies as st

from recsys.command.arguments.refusals import REFUSALS, require_supported
from recsys.errors import CommandError
from tests.recsys.command.arguments.configurations import Settings, a, changed
from tests.recsys.command.arguments.supported import CALLBACKS, OPTIMIZERS, SCHEDULERS, VALUES


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
    ("trainer__strategy", "ddp_spawn"),
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


def test_arguments_are_judged_together(settings: Settings) -> None:
    without_validation = changed(settings, data__init_args__validation=0.0)
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


SEVERAL = {"trainer__devices": 2, "trainer__strategy": "ddp"}


def test_several_processes_train_embeddings_on_cpus(settings: Settings) -> None:
    require_supported(changed(settings, **SEVERAL, model=a("UserItemEmbedding")))
    by_sampling = a("BayesianEmbedding", features=[a("WhoRatedWhat")], start=a("NearZero"))
    require_supported(changed(settings, **SEVERAL, model=by_sampling))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("model", a("LinearNetwork")),
        ("model", a("BayesianEmbedding", time=a("TimeWindows"))),
        ("model", a("BayesianEmbedding", likelihood=a("OrderedProbit"))),
        ("model", a("BayesianEmbedding", features=[a("Feature")])),
        ("model", a("BayesianEmbedding", start=a("Start"))),
        ("optimizer", a("LBFGS", lr=1.0)),
        ("trainer__gradient_clip_val", 1.0),
        ("data__init_args__batch_size", 100),
    ],
)
def test_what_several_processes_cannot_share_out_is_refused(settings: Settings, option: str, value: object) -> None:
    asked = {"model": a("UserItemEmbedding"), **SEVERAL, option: value}
    with pytest.raises(CommandError, match=rf"^--{option.replace('__', '.')} [^\n]*\.$"):
        require_supported(changed(settings, **asked))


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
