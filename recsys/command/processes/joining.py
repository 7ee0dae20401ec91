"""What makes a process one of several that fit together, and how Lightning is to treat it."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import pytorch_lightning as pl
import torch.distributed as dist
from lightning_fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from pytorch_lightning.strategies import DDPStrategy
from torch.nn import Module
from typing_extensions import override

from recsys.errors import CommandError
from recsys.share import place_of_process

_NEEDED = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")  # as torchrun sets them


def is_member() -> bool:
    """Whether this process was started as one of several, by `launch` or by torchrun."""
    return all(name in os.environ for name in _NEEDED)


def is_first() -> bool:
    """Whether this process is the one that writes and speaks."""
    return place_of_process() == 0


def join(processes: int) -> None:
    """Meet the other processes; all but the first say no more than what goes wrong.

    Raises:
        CommandError: there are not as many as were asked for.
    """
    found = int(os.environ["WORLD_SIZE"])
    if found != processes:
        raise CommandError(
            f"--trainer.devices and --trainer.num_nodes ask for {processes} processes, not {found}: give what "
            "torchrun was given, --nproc-per-node and --nnodes."
        )
    if not dist.is_initialized():
        dist.init_process_group("gloo")
    if not is_first():
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115  # for the rest of the process
        for name in ("data", "recsys"):
            logging.getLogger(name).setLevel(logging.WARNING)


def is_lost_connection(error: RuntimeError) -> bool:
    """Whether this is what torch raises in a process that waits for one that has ended."""
    return "gloo/transport" in str(error)  # torch has no class of its own for it


class SharedUsers(DDPStrategy):
    """Lightning's `ddp` for models that add up over processes themselves.

    Each process has users of its own, so parameters are neither wrapped, nor averaged, nor copied from the first.
    """

    def __init__(self) -> None:
        super().__init__(cluster_environment=TorchElasticEnvironment())

    @override
    def setup(self, trainer: pl.Trainer) -> None:
        self.model_to_device()
        super(DDPStrategy, self).setup(trainer)  # as for one process

    @override
    def _setup_model(self, model: Module) -> Module:  # type: ignore[override]  # it wraps the model
        return model
