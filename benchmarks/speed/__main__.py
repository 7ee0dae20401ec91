"""Measure speed as ratios within one run: python -m benchmarks.speed [--json FILE].

The machines this runs on are shared, so a time by itself says little. Both sides of a ratio take turns, and the ratio
of the medians is what counts.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.speed import growth, penalty, synthetic, training
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file

PARTS: dict[str, Callable[[argparse.Namespace], list[dict[str, object]]]] = {
    "penalty": lambda arguments: penalty.rows(),
    "training": lambda arguments: training.rows(arguments.seeds),
    "growth": lambda arguments: growth.rows(arguments.sizes),
    "synthetic": lambda arguments: synthetic.rows(),
}
OF_AVX2 = "penalty_avx2"  # the results of `penalty` on a processor with AVX2 alone, which stand beside the others


def is_speed(content: dict[str, Any]) -> bool:
    """Whether a file's content is of this kind, so that parts of it can be replaced."""
    return content.keys() <= {*PARTS, OF_AVX2} and all("rows" in part for part in content.values())


def main() -> None:
    """Measure, print tables, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="what to measure")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of `training`: seeds of the splits")
    sizes = list(growth.SIZES)
    parser.add_argument("--sizes", nargs="+", choices=sizes, default=sizes, help="of `growth`: sizes of the data")
    parser.add_argument(
        "--json", type=results_file(is_speed), metavar="FILE", help="write the rows to this file, too; other parts stay"
    )
    arguments = parser.parse_args()
    for part in arguments.only:
        found = PARTS[part](arguments)
        print(as_table(part, found), flush=True)
        if arguments.json:
            before = json.loads(arguments.json.read_text()) if arguments.json.is_file() else {}
            other = part == "penalty" and torch.backends.cpu.get_cpu_capability() == "AVX2"
            content = {**before, OF_AVX2 if other else part: {**environment(), "rows": found}}
            write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())


def as_table(title: str, rows: list[dict[str, object]]) -> str:
    """The rows under their names, in columns as wide as they need."""
    table = Table(*rows[0], title=title, box=None, title_justify="left")
    for row in rows:
        table.add_row(
            *(
                "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
                for value in row.values()
            )
        )
    text = io.StringIO()
    Console(width=160, file=text).print(table)
    return text.getvalue()


if __name__ == "__main__":
    main()
