"""Reproduce the paper's Table 1 and rows beyond it: python -m synthetic.table1 [--cells CELL,…] [--json FILE].

A cell is OPTIMIZER:DEPTH:PENALTY, such as adam:1:ratio, or OPTIMIZER:DEPTH:PENALTY:VARIANT for another problem, such as
adam:1:ratio:noisy. How λ, learning rate and steps are chosen says `search`; the grid, `cells`.
Cells that were finished with the present settings, sources and versions are kept in a folder and not computed again.
FILE is written after each cell; rows that it has of other cells stay, and say whether they are of earlier code.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

from rich.progress import MofNCompleteColumn, Progress

from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file, results_folder
from synthetic.table1.cells import Cell, extra_cells, paper_cells, parse
from synthetic.table1.table import Row, as_markdown, is_table1, merged, rows_of, with_notes

LARGEST = 200  # rows or columns of the problems of a table that is asked for as a whole


def _cells(text: str) -> list[Cell]:
    try:
        return [parse(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _seeds(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of whole numbers, such as 0,1,2") from error


def main() -> None:
    """Compute what is missing, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m synthetic.table1", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    everything = [cell for cell in (*paper_cells(), *extra_cells()) if max(cell.problem.get("shape", (0,))) <= LARGEST]
    parser.add_argument(
        "--cells", type=_cells, default=everything, metavar="CELL,…", help="only these cells (all but the largest)"
    )
    parser.add_argument(
        "--seeds", type=_seeds, default=list(range(5)), metavar="SEED,…", help="of problem, start (0 to 4)"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (as many as there are cores)")
    parser.add_argument(
        "--runs", type=results_folder, default="logs/table1", metavar="FOLDER", help="for finished cells"
    )
    parser.add_argument("--json", type=results_file(is_table1), metavar="FILE", help="write the rows to this file, too")
    arguments = parser.parse_args()
    if arguments.workers < 1:
        parser.error(f"--workers must be at least 1, not {arguments.workers}")
    before = json.loads(arguments.json.read_text())["rows"] if arguments.json and arguments.json.exists() else []
    rows: list[Row] = []
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("cells", total=len(arguments.cells))
        for row in rows_of(arguments.cells, arguments.seeds, arguments.runs, arguments.workers):
            rows.append(row)
            progress.advance(bar)
            if arguments.json:
                content = {**environment(), "rows": merged(before, rows)}
                write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())
    print(as_markdown(with_notes(rows)), end="")


if __name__ == "__main__":
    main()
