"""Measure our recipes and other methods on Flixster and Douban: python -m benchmarks.other_data --folder FOLDER.

The folder has the published files, as flixster.mat and douban.mat. Recipes and other methods have the settings that
they have for MovieLens 100K: nothing was chosen by the test ratings here. The split is given, so a seed is the model's
alone. Predictions are clipped to the rating scale. Fits that were finished with the present settings, sources and
versions are not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.progress import Progress

from benchmarks.other_data.matrices import MATRICES, ForeignFileError, verified
from benchmarks.other_data.runs import LINES, results
from benchmarks.other_data.table import as_markdown, is_table, merged, row_of
from benchmarks.recipe_fit import FitFailedError
from recsys.files import write_atomically
from recsys.results.paths import results_file, results_folder


def main() -> None:
    """Fit what is missing, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.other_data", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="with flixster.mat and douban.mat as published")
    parser.add_argument("--data", nargs="+", choices=list(MATRICES), default=list(MATRICES))
    models = list(LINES)
    parser.add_argument("--models", nargs="+", choices=models, default=models, metavar="MODEL", help=", ".join(models))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of the models")
    parser.add_argument("--runs", type=results_folder, default="logs/other_data", help="folder for the runs")
    parser.add_argument("--json", type=results_file(is_table), metavar="FILE", help="merge the rows into this file")
    arguments = parser.parse_args()
    try:
        files = {data: verified(arguments.folder, MATRICES[data]) for data in arguments.data}
    except ForeignFileError as error:
        parser.error(str(error))

    content = json.loads(arguments.json.read_text()) if arguments.json and arguments.json.is_file() else {}
    with Progress(disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("fits", total=len(files) * len(arguments.models) * len(arguments.seeds))
        for data, file in files.items():
            for model in arguments.models:
                progress.update(bar, description=f"{model}, {MATRICES[data].title}")
                try:
                    runs = results(model, data, file, arguments.seeds, arguments.runs, lambda: progress.advance(bar))
                except ModuleNotFoundError as error:
                    sys.exit(f"{error.name} is missing: make extras brings it")
                except FitFailedError as error:
                    sys.exit(f"{model} on {MATRICES[data].title} could not be fitted: {error}")
                content = merged(content, row_of(model, data, arguments.seeds, runs))
                if arguments.json:
                    write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())
    print("\n".join(as_markdown(content)))


if __name__ == "__main__":
    main()
