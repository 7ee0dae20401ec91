"""Measure how far a step moves entries with and without a rating: python -m benchmarks.moves [--json FILE].

A linear network of depth 1 with the ratio penalty learns MovieLens 100K from near zero: under Adam as in
lnn-adam-ratio-near-zero, and under gradient descent with the rate of lnn-gd-ratio and with a hundredth of it.
"""

from __future__ import annotations

import argparse
import json

from benchmarks.moves.measuring import STEPS, as_rows, measure
from benchmarks.moves.table import as_markdown
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file


def main() -> None:
    """Train, print a table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.moves", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=0, help="of the split and of the start (default: 0)")
    parser.add_argument(
        "--steps", nargs="+", type=int, default=list(STEPS), help="in which to look, from 1 (default: up to 400)"
    )
    parser.add_argument(
        "--json",
        type=results_file(lambda content: "mean_unrated" in content["rows"][0]),
        metavar="FILE",
        help="write the rows to this file, too",
    )
    arguments = parser.parse_args()
    content = {**environment(), "seed": arguments.seed, "rows": as_rows(measure(arguments.seed, arguments.steps))}
    print("\n".join(as_markdown(content)))
    if arguments.json:
        write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
