"""Fit a recipe of ours by `recsys fit`, in a process of its own, so that memory is measured for one fit at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

Result = dict[str, Any]


class FitFailedError(Exception):
    """The process that should have fitted a model ended without a result."""


def fit_recipe(config: Path, arguments: list[str], run: Path) -> Result:
    """What `recsys fit` reports, with the number of parameters and the most memory it took; its files go into `run`.

    Raises:
        FitFailedError: the fit failed; its own message is on stderr.
    """
    command = [sys.executable, "-m", "recsys.command", "fit", f"--config={config}", *arguments]
    command += [f"--run.name={run.name}", f"--run.artifacts={run}/artifacts", f"--run.checkpoints={run}/checkpoints"]
    command += [f"--trainer.logger.init_args.save_dir={run}/logs"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise FitFailedError(f"{' '.join(command)} ended with status {process.returncode}")
    metrics: Result = json.loads((run / "artifacts" / "latest" / "metrics.json").read_text())
    refit = run / "checkpoints" / run.name / "refit.ckpt"
    checkpoint = torch.load(refit, map_location="cpu", weights_only=True)
    metrics["parameters"] = sum(tensor.numel() for tensor in checkpoint["state_dict"].values())
    metrics["peak_memory_mb"] = round(usage.ru_maxrss / 1024)
    return metrics
