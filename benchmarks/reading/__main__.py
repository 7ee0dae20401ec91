"""Measure how fast generated ratings are read: python -m benchmarks.reading [--json FILE].

All ways to read all files take turns, each time in a process of its own, so that a busy machine slows all of them. The
medians are shown, and what ratios of them say.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.reading.child import WAYS
from benchmarks.reading.generated import FORMS, KINDS, files_of
from benchmarks.reading.table import as_markdown, content_of, is_reading
from recsys.files import write_atomically
from recsys.results.paths import results_file, results_folder

SIZES = (25_000_095, 10_000_000)  # of MovieLens 25m, and what has UUIDs as well
CASES = (
    (SIZES[0], "integers", "zip"),
    (SIZES[0], "integers", "parquet"),
    (SIZES[1], "integers", "csv"),
    (SIZES[1], "UUIDs", "csv"),
    (SIZES[1], "integers", "parquet"),
    (SIZES[1], "UUIDs", "parquet"),
)


def main() -> None:
    """Make the files that are missing, measure, print a table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reading", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--folder", type=results_folder, default="logs/reading", help="for the generated files, 3 GB")
    parser.add_argument("--turns", type=int, default=3, help="of all ways to read all files")
    installed = [way for way in WAYS if way != "polars" or find_spec("polars")]
    parser.add_argument("--ways", nargs="+", choices=installed, default=installed)
    parser.add_argument("--forms", nargs="+", choices=FORMS, default=list(FORMS))
    parser.add_argument("--ids", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--ratings", nargs="+", type=int, help="other numbers of ratings than the usual ones, of each")
    parser.add_argument(
        "--json", type=results_file(is_reading), metavar="FILE", help="write the rows to this file, too"
    )
    arguments = parser.parse_args()

    cases = [case for case in CASES if case[1] in arguments.ids and case[2] in arguments.forms]
    if arguments.ratings:
        cases = [(n, kind, form) for n in arguments.ratings for kind in arguments.ids for form in arguments.forms]
    files = {case: files_of(arguments.folder, case[0], case[1], [case[2]])[case[2]] for case in cases}
    measured: dict[tuple[int, str, str], dict[str, list[dict[str, Any]]]] = {
        case: {way: [] for way in arguments.ways} for case in cases
    }
    with Progress(disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("readings", total=arguments.turns * len(cases) * len(arguments.ways))
        for _ in range(arguments.turns):
            for case, file in files.items():
                for way in arguments.ways:
                    progress.update(bar, description=f"{way}, {file.name}")
                    measured[case][way].append(_in_a_process(way, file))
                    progress.advance(bar)
    content = content_of(measured)
    print("\n".join(as_markdown(content)))
    if arguments.json:
        write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())


def _in_a_process(way: str, file: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.reading.child", way, str(file)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


if __name__ == "__main__":
    main()
