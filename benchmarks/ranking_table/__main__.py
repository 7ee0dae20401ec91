"""Measure how our recommendations and those of other methods rank: python -m benchmarks.ranking_table.

Every method ranks all films that a user has not rated in training; relevant are the test ratings of four stars and
more, or any. Settings of other methods are chosen by NDCG@10 on validation ratings of other seeds. Results that were
measured with the present settings, sources and versions are not measured again.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.progress import Progress

from benchmarks.ranking_table.runs import results
from benchmarks.ranking_table.table import SPLITS, TITLES, as_markdown, is_table, merged, row_of
from recsys.files import write_atomically
from recsys.results.paths import results_file, results_folder


def main() -> None:
    """Measure what is missing, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ranking_table", description=__doc__)
    models = list(TITLES)
    parser.add_argument("--split", nargs="+", choices=list(SPLITS), default=list(SPLITS))
    parser.add_argument("--models", nargs="+", choices=models, default=models, metavar="MODEL", help=", ".join(models))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], help="of splits and models")
    parser.add_argument("--runs", type=results_folder, default="logs/ranking_table", help="folder for the results")
    parser.add_argument("--json", type=results_file(is_table), metavar="FILE", help="merge the rows into this file")
    arguments = parser.parse_args()
    runs: Path = arguments.runs
    content = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.is_file() else {}
    with Progress(disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("", total=len(arguments.split) * len(arguments.models))
        for split in arguments.split:
            for model in arguments.models:
                progress.update(bar, description=f"{TITLES[model]}, {SPLITS[split]}")
                try:
                    found = results(model, split, arguments.seeds, runs)
                except ModuleNotFoundError as error:
                    sys.exit(f"{error.name} is missing: make extras brings it")
                content = merged(content, row_of(model, split, arguments.seeds, found))
                if arguments.json:
                    write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())
                progress.advance(bar)
    print("\n".join(as_markdown(content)))


if __name__ == "__main__":
    main()
