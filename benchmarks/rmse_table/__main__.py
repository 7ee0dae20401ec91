"""Reproduce the paper's Table 2, ours and other methods on the same splits: python -m benchmarks.rmse_table.

A model's settings were chosen on validation parts of the training ratings of seeds 100–102 and are frozen; its number
of epochs is among them (peers) or comes from a validation part of each run (ours). It is fitted on all training
ratings, the test ratings are predicted once, and predictions are clipped to the rating scale. Fits that were finished
with the present settings, sources and versions are not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from rich.progress import Progress

from benchmarks.recipe_fit import FitFailedError
from benchmarks.rmse_table.runs import SPLITS, results
from benchmarks.rmse_table.table import as_markdown, is_table, merged, row_of, write
from benchmarks.rmse_table.table2 import BY_MODEL
from recsys.results.paths import results_file, results_folder


def main() -> None:
    """Fit what is missing, print the table, and write JSON, Markdown and a picture if asked to."""
    models = list(BY_MODEL)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rmse_table", description=__doc__)
    parser.add_argument("--models", nargs="+", choices=models, default=models, metavar="MODEL", help=", ".join(models))
    parser.add_argument(
        "--split",
        nargs="+",
        choices=list(SPLITS),
        default=list(SPLITS),
        help="share of training ratings of random splits, or the official fold u1",
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)), help="of the splits and the models")
    parser.add_argument("--runs", type=results_folder, default="logs/rmse_table", help="folder for the runs")
    parser.add_argument(
        "--json",
        type=results_file(is_table),
        metavar="FILE",
        help="merge the rows into this file, one for each model and split, and draw FILE.md and FILE.png from it",
    )
    arguments = parser.parse_args()

    rows = []
    with Progress(disable=not sys.stderr.isatty()) as progress:
        fits = len(arguments.models) * len(arguments.split) * len(arguments.seeds)
        bar = progress.add_task("fits", total=fits)
        for split in arguments.split:
            for model in arguments.models:
                line = BY_MODEL[model]
                progress.update(bar, description=f"{model} {split}")
                try:
                    runs = results(line, split, arguments.seeds, arguments.runs, lambda: progress.advance(bar))
                except (FitFailedError, ModuleNotFoundError) as error:
                    sys.exit(f"{model} on {split} could not be fitted: {error}")
                rows.append(row_of(line, split, arguments.seeds, runs))
                if arguments.json:
                    before = json.loads(arguments.json.read_text()) if arguments.json.is_file() else {}
                    write(arguments.json, merged(before, rows[-1]))
    print(as_markdown([asdict(row) for row in rows]), end="")


if __name__ == "__main__":
    main()
