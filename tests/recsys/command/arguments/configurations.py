"""Settings of a fit with other values, and classes in a configuration."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytorch_lightning as pl
import torch
from lightning_fabric.plugins import environments

from recsys import features, models, starts
from recsys.features import feature
from recsys.posterior import likelihoods, time_windows

Settings = dict[str, Any]


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
    *(environments, models, features, feature, starts, likelihoods, time_windows),
)


def a(name: str, **arguments: Any) -> Settings:
    """A class in a configuration."""
    module = next(module for module in MODULES if hasattr(module, name))
    return {"class_path": f"{module.__name__}.{name}", "init_args": arguments}
