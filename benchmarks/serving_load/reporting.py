"""What every benchmark with wrk does around its measurement: where it runs, what it prints, and its file."""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.serving_load.wrk import require_wrk
from recsys.files import write_atomically
from recsys.results.environment import environment


def measure_and_report(
    command: str,
    arguments: argparse.Namespace,
    measure: Callable[[argparse.Namespace, Path], dict[str, Any]],
    report: Callable[[dict[str, Any]], str],
) -> None:
    """Measure in a folder for a while, print the report, and write JSON if `arguments.json` is a file."""
    require_wrk(command)
    machine = {"cores": len(os.sched_getaffinity(0)), "load_average_before": round(os.getloadavg()[0], 1)}
    with tempfile.TemporaryDirectory() as folder:
        result = measure(arguments, Path(folder))
    print(report(result))
    if arguments.json:
        content = {**environment(), **machine, **result}
        write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())
