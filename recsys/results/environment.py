"""What a measurement was made with: commit, machine and versions, for every results file."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import torch


def environment() -> dict[str, object]:
    """What a reader needs to compare the numbers with theirs."""
    describe = ["git", "describe", "--always", "--exclude=*", "--dirty"]  # -dirty: with changes that no commit has
    commit = subprocess.run(describe, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return {
        "commit": commit.stdout.strip(),
        "machine": platform.machine(),
        "processor": _processor() + _held_to(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def _held_to() -> str:
    """What torch was told to do without, as on another processor (docs/speed.md)."""
    simulated = "ATEN_CPU_CAPABILITY" in os.environ
    return f" that simulates one with {torch.backends.cpu.get_cpu_capability()} alone" if simulated else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
