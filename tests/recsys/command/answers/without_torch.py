"""Runs the `recsys` command in a process of its own, in which neither torch nor Lightning can be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BLOCKED = """\
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchmetrics", "pytorch_lightning", "lightning_fabric"}:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Blocked())
from recsys.command.main import main
main()
"""


def without_torch(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """What the command printed, and how it ended."""
    command = [sys.executable, "-c", BLOCKED, *map(str, arguments)]
    environment = {"PYTHONPATH": str(Path(__file__).parents[4]), "PATH": ""}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
