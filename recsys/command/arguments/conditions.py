"""Conditions on the value of an argument: which values `recsys.command.arguments.refusals` refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from pytorch_lightning.callbacks import Timer

Settings = Mapping[str, Any]  # of one subcommand, by section, as plain values
Condition = Callable[[Any, Settings], bool]  # of the value and all settings

MONITORED = ("train_loss", "train_rmse")  # what every model logs in each epoch of each stage


def backend(accelerator: Any) -> str:
    """cuda, mps or cpu, as Lightning chooses; "" if there is no such device here."""
    if accelerator == "cpu":
        return "cpu"
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return "cuda"
    if accelerator in ("auto", "gpu", "mps") and torch.backends.mps.is_available():
        return "mps"
    return "cpu" if accelerator == "auto" else ""


def is_one_device(devices: Any, settings: Settings) -> bool:
    """Whether one device is asked for, and there is no doubt which."""
    if backend(settings["trainer"]["accelerator"]) != "cuda":
        return str(devices) in ("1", "auto")
    if str(devices) == "auto":
        return torch.cuda.device_count() == 1
    named = str(devices).strip("[]").rstrip(",")  # [1] and "1," are the second GPU; 1 is any one
    return named.isdigit() and (named == "1" or named != str(devices))


def processes(settings: Settings) -> int:
    """How many processes are to fit."""
    trainer = settings["trainer"]
    devices, strategy = str(trainer["devices"]), trainer["strategy"]
    return int(devices) * int(trainer["num_nodes"]) if strategy == "ddp" and devices.isdigit() else 1


def are_several(settings: Settings) -> bool:
    """Whether more than one process is to fit."""
    return processes(settings) > 1


def classes(value: Any) -> list[str]:
    """The names of the classes that a list, or one, of callbacks or loggers asks for."""
    return [
        each["class_path"].rpartition(".")[2]
        for each in listed(value)
        if isinstance(each, Mapping) and "class_path" in each
    ]


def monitors_something_else(value: Any, _: Settings) -> bool:
    """Whether a callback or scheduler waits for a metric that only one of the two stages has."""
    return any(arguments(each).get("monitor") not in (None, *MONITORED) for each in listed(value))


def is_over_too_soon(scheduler: Any, settings: Settings) -> bool:
    """Whether a OneCycleLR has no step left before the last epoch."""
    if "OneCycleLR" not in classes(scheduler):
        return False
    given = arguments(scheduler)
    steps = given.get("total_steps") or (given.get("epochs") or 0) * (given.get("steps_per_epoch") or 0)
    epochs = settings["trainer"]["max_epochs"]
    return steps > 0 and not (epochs is not None and 0 < epochs <= steps)


def lacks_a_momentum(value: Any, _: Settings) -> bool:
    """Whether an optimiser is to look ahead along a momentum that it does not have, or dampens."""
    given = arguments(value)
    return (
        bool(given.get("nesterov")) and "dampening" in given and not (given["momentum"] > 0 and not given["dampening"])
    )


def has(*names: str) -> Condition:
    """Refuses classes of these names."""
    return lambda value, _: not set(names).isdisjoint(classes(value))


def logs_nothing_to_monitor(value: Any, settings: Settings) -> bool:
    """Whether a callback that writes to the log is asked for, and no log."""
    needing = {"LearningRateMonitor", "DeviceStatsMonitor", "ThroughputMonitor"}
    return settings["trainer"]["logger"] is False and not needing.isdisjoint(classes(value))


def never_ends(epochs: Any, settings: Settings) -> bool:
    """Whether nothing limits the number of epochs."""
    trainer = settings["trainer"]
    limited = trainer["max_steps"] != -1 or trainer["max_time"] is not None
    return epochs == -1 and not validates(settings) and not limited


def is_no_duration(value: Any, _: Settings) -> bool:
    """Whether it is neither null nor a positive time as Lightning's Timer takes it."""
    try:
        return value is not None and Timer(duration=value).time_remaining() <= 0  # type: ignore[operator]  # not None
    except Exception:  # whatever it is, it is no duration
        return True


def validates(settings: Settings) -> bool:
    """Whether the fit holds validation ratings out."""
    validation: float = settings["data"]["init_args"]["validation"]
    return 0 < validation < 1


def validated_too_seldom(every: Any, settings: Settings) -> bool:
    """Whether training ends before the first validation."""
    epochs = settings["trainer"]["max_epochs"]
    return bool(validates(settings) and every is not None and epochs is not None and 0 < epochs < every)


def is_no_folder_name(name: Any, _: Settings) -> bool:
    """Whether a folder cannot be called so, or should not."""
    text = str(name)
    return (
        text.strip() != text
        or text.startswith(".")
        or not text.isprintable()
        or bool({"/", "\\"} & {*text})
        or not (
            0 < len(text.encode(errors="replace")) <= 200  # file systems allow 255 bytes
        )
    )


def is_no_share(value: Any, _: Settings) -> bool:
    """Whether it is a float outside 0 … 1."""
    return isinstance(value, float) and not 0 <= value <= 1


def splits_a_batch(value: Any, _: Settings) -> bool:
    """Whether it is a part of the batches; a fit has one."""
    return isinstance(value, float) and 0 < value < 1


def at_least(least: float) -> Condition:
    """Refuses what is given and lower, or not a number."""
    return lambda value, _: value is not None and not value >= least


def other_than(*allowed: Any) -> Condition:
    """Refuses everything but these values."""
    return lambda value, _: value not in allowed


def samples(settings: Settings) -> bool:
    """Whether the model draws from its posterior."""
    return classes(settings["model"]) == ["BayesianEmbedding"]


def draws_for_ratings(model: Any) -> bool:
    """Whether a model draws effects of time or what ratings come from."""
    given = arguments(model)
    return bool(classes(given.get("time"))) or not {*classes(given.get("likelihood"))} <= {"GaussianRatings"}


def arguments(value: Any) -> Mapping[str, Any]:
    """The arguments of the class that an option names; none if it names none."""
    return (value.get("init_args") or {}) if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """The values of a list, or the one value as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]
