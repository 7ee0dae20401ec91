"""Measure what preparing ratings takes: python -m benchmarks.preparing [--ratings N ...].

Each file of generated ratings is prepared in a process of its own, whose peak memory counts all that it holds, mapped
files included. Rows of 24 bytes are sorted by DuckDB, as preparing does, and by polars' streaming engine likewise.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from benchmarks.peak_memory import peak_memory
from benchmarks.reading.generated import KINDS, files_of
from data.prepared import prepare
from data.prepared.sorting import Rows, in_order
from recsys.results.paths import results_folder

_FORMS = ("csv", "parquet")
_BLOCK = 1 << 18  # rows


def prepared(source: str, folder: Path) -> int:
    """Prepare a file; how many bytes it has on the disk then."""
    prepare(source, folder / "prepared")
    return sum(file.stat().st_size for file in folder.rglob("*"))


def duckdb_sorts(n: str, folder: Path) -> int:
    """Sort n rows as preparing does; how many bytes they have."""
    return sum(_size(rows) for rows in in_order(_rows(int(n)), ("pair", "row"), folder))


def polars_sorts(n: str, folder: Path) -> int:
    """Sort n rows of a file into another; how many bytes they have."""
    import polars  # of this way alone

    given, found = folder / "given.arrow", folder / "found.arrow"
    first = pa.RecordBatch.from_pydict(next(_rows(1)))
    with pa.OSFile(str(given), "wb") as file, pa.ipc.new_file(file, first.schema) as writer:
        for rows in _rows(int(n)):
            writer.write_batch(pa.RecordBatch.from_pydict(rows))
    polars.scan_ipc(given).sort("pair", "row").sink_ipc(found, compression="uncompressed")
    return found.stat().st_size


WAYS: dict[str, Callable[[str, Path], int]] = {
    "prepare": prepared,
    "DuckDB sorts": duckdb_sorts,
    "polars sorts": polars_sorts,
}


def measured(way: str, what: str, folder: Path) -> dict[str, Any]:
    """Seconds, peak memory, and bytes of the result, in a folder for what is written."""
    begin = time.perf_counter()
    size = WAYS[way](what, folder)
    return {"seconds": time.perf_counter() - begin, "peak": peak_memory(), "size": size}


def _rows(n: int) -> Iterator[Rows]:
    for start in range(0, n, _BLOCK):
        size = min(_BLOCK, n - start)
        generator = np.random.default_rng([7, start])
        yield {
            "pair": generator.integers(0, 1 << 40, size),
            "row": np.arange(start, start + size),
            "rating": generator.random(size, np.float32),
            "other": generator.random(size, np.float32),
        }


def _size(rows: Rows) -> int:
    return sum(column.nbytes for column in rows.values())


def _in_a_process(way: str, what: str, folder: Path) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=folder) as written:
        command = [sys.executable, "-m", "benchmarks.preparing", "--one", way, what, written]
        found: dict[str, Any] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def main() -> None:
    """Make the files that are missing, measure, and print a table; or measure one case, for a process of it."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.preparing",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--folder", type=results_folder, default="logs/reading", help="for generated and written files")
    parser.add_argument("--ratings", nargs="+", type=int, default=[10_000_000], help="numbers of ratings, of each")
    parser.add_argument("--rows", nargs="*", type=int, default=[10_000_000, 30_000_000], help="numbers of rows to sort")
    parser.add_argument("--one", nargs=3, metavar=("WAY", "WHAT", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measured(arguments.one[0], arguments.one[1], Path(arguments.one[2]))))
        return
    cases = [
        ("prepare", str(file))
        for n in arguments.ratings
        for kind in KINDS
        for file in files_of(arguments.folder, n, kind, _FORMS).values()
    ] + [(way, str(n)) for n in arguments.rows for way in WAYS if way != "prepare"]
    print("| | of | seconds | peak, MiB | result, MiB |\n|---|---|---:|---:|---:|")
    for way, what in cases:
        found = _in_a_process(way, what, arguments.folder)
        memory, size = (f"{found[name] / 2**20:,.0f}" for name in ("peak", "size"))
        print(f"| {way} | {Path(what).name} | {found['seconds']:.1f} | {memory} | {size} |", flush=True)


if __name__ == "__main__":
    main()
