"""Checkpoints: read without running code from them, and compared with the settings that a command asks for."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from recsys.command.run import REFIT
from recsys.errors import CommandError


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint of this project without running code from it.

    Raises:
        CommandError: there is no such file, or it is no checkpoint of a `recsys fit`.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as cause:
        raise CommandError(f"the checkpoint {path} cannot be read: {cause.strerror}.") from cause
    except (RuntimeError, EOFError, pickle.UnpicklingError, ValueError, KeyError) as cause:
        raise CommandError(f"{path} is damaged or no checkpoint; it is not used.") from cause
    needed = {"hyper_parameters", "datamodule_hyper_parameters", "callbacks"}
    if not isinstance(content, dict) or not needed <= content.keys() or "FitRecord" not in content["callbacks"]:
        raise CommandError(f"{path} is not a checkpoint of `recsys fit`.")
    return content


def require_same_settings(path: Path, checkpoint: dict[str, Any], model: dict[str, Any], data: dict[str, Any]) -> None:
    """Check that a checkpoint is of the model and the data that the command asks for.

    Raises:
        CommandError: a setting differs; the message names each.
    """
    asked = {
        "model": {"_class_path": model["class_path"], **model["init_args"]},
        "data": {name: value for name, value in data.items() if name not in ("path", "cache")},
    }
    trained = {"model": checkpoint["hyper_parameters"], "data": checkpoint["datamodule_hyper_parameters"]}
    ignored = {"_instantiator", "n_users", "n_items", "rating_scale"}  # said by the data, not by the command
    if checkpoint["callbacks"]["FitRecord"]["stage"] == REFIT:
        ignored.add("validation")  # a refit has none, whatever the selection before it had
    different = [
        f"  {part}.{name}: {trained[part].get(name)!r} in the checkpoint, {asked[part].get(name)!r} asked for"
        for part in asked
        for name in sorted((trained[part].keys() | asked[part].keys()) - ignored)
        if trained[part].get(name) != asked[part].get(name)
    ]
    if different:
        raise CommandError(
            f"{path} was trained with other settings:\n" + "\n".join(different) + "\n"
            "Give the configuration it was trained with, or leave out --ckpt_path to start anew."
        )
