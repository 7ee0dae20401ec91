"""The quick runs of benchmarks that the documents name, which tests and not `.ci/readme` do."""

from __future__ import annotations

import re
from pathlib import Path

_SPEED = Path(__file__).parents[2] / "docs" / "speed.md"


def options_of(benchmark: str) -> list[str]:
    """The options of the one command of docs/speed.md that runs a benchmark."""
    (options,) = re.findall(rf"^python -m benchmarks\.{benchmark} (.*)$", _SPEED.read_text(), re.MULTILINE)
    return str(options).split()
