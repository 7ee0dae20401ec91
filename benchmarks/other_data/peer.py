"""Fit another method on tables of training and test ratings: the process that `benchmarks.other_data.runs` starts."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmarks.other_data.tables import data_module
from benchmarks.peers import build
from benchmarks.peers.run import measure
from recsys.files import write_atomically


def main() -> None:
    """Fit, and write what was measured to a file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.other_data.peer", description=__doc__)
    parser.add_argument("model")
    parser.add_argument("data")
    parser.add_argument("tables", type=Path, help="folder with train.csv and test.csv")
    parser.add_argument("seed", type=int)
    parser.add_argument("result", type=Path, help="file to write")
    arguments = parser.parse_args()
    module = data_module(arguments.data, arguments.tables)
    result = measure(build(arguments.model, arguments.seed), module.ratings, module.split)
    write_atomically(arguments.result, json.dumps(result).encode())


if __name__ == "__main__":
    main()
