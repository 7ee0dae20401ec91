"""Measure what a fit takes as ratings become more: python -m benchmarks.scale --sizes 1m 10m [--json FILE].

Ratings are generated from a planted model with known noise, in the shapes of MovieLens and one beyond; `recsys prepare`
and `recsys fit --config best-ratings` do the rest, and a peer draws from the same ratings. Each runs in a process of
its own, one after the other, and in turns where there are several. Rows of sizes that are not measured stay in the
file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.progress import Progress

from benchmarks.scale.planted import SHAPES, write
from benchmarks.scale.table import as_markdown, is_scale
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file, results_folder

PEERS = ("smurff",)


def measured(size: str, folder: Path, sweeps: int, turns: int, ways: list[str], threads: int) -> dict[str, Any]:
    """The row of a size: what preparing took, the least errors, and the medians of the turns of each way."""
    write(SHAPES[size], folder / size)
    if not (folder / size / "prepare.json").exists():
        shutil.rmtree(folder / size / "prepared", ignore_errors=True)  # it is there only if that was not measured
        found = _in_a_process("prepare", folder / size, sweeps, threads)
        (folder / size / "prepare.json").write_text(json.dumps(found) + "\n")
    row: dict[str, Any] = {
        "size": size,
        "sweeps": sweeps,
        "turns": turns,
        **environment(),
        "threads": threads,
        "prepare": json.loads((folder / size / "prepare.json").read_text()),
        "floor": _in_a_process("floor", folder / size, sweeps, threads),
    }
    found_by = [{way: _in_a_process(way, folder / size, sweeps, threads) for way in ways} for _ in range(turns)]
    for way in ways:
        row[way] = _medians([turn[way] for turn in found_by])
    return row


def shared(
    size: str, folder: Path, sweeps: int, turns: int, processes: list[int], threads: int
) -> list[dict[str, Any]]:
    """The medians of the turns of fits that each number of processes shares, with about as many threads in all."""
    write(SHAPES[size], folder / size)
    if not (folder / size / "prepared").exists():
        _in_a_process("prepare", folder / size, sweeps, threads)
    found = [
        [_run("members", str(n), folder / size, sweeps, max(threads // n, 1)) for n in processes] for _ in range(turns)
    ]
    return [
        _medians(of_turns) | {**environment(), "sweeps": sweeps, "turns": turns}
        for of_turns in zip(*found, strict=True)
    ]


def main() -> None:
    """Generate what is missing, measure, print a table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.scale", description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", choices=list(SHAPES), default=["1m", "10m"])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=[], help="of the extra `scale`")
    parser.add_argument("--sweeps", type=int, default=100, help="of each way, 10 of which are not averaged")
    parser.add_argument("--turns", type=int, default=1, help="of all ways, for each size")
    parser.add_argument("--threads", type=int, default=2, help="of each process, or of --processes together")
    parser.add_argument(
        "--processes", nargs="+", type=int, metavar="N", help="instead: fits that so many processes share, one or more"
    )
    parser.add_argument(
        "--folder", type=results_folder, default="logs/scale", help="for generated ratings, 7 GB at most"
    )
    parser.add_argument("--json", type=results_file(is_scale), metavar="FILE", help="write the rows to this file, too")
    arguments = parser.parse_args()
    if missing := [peer for peer in arguments.peers if not find_spec(peer)]:
        parser.error(f"{', '.join(missing)} is not installed: pip install 'recsys[scale]'")

    rows: dict[str, Any] = {}
    if arguments.json and arguments.json.exists():
        rows = {row["size"]: row for row in json.loads(arguments.json.read_text())["rows"]}
    ways = ["ours", *arguments.peers]
    with Progress(disable=not sys.stderr.isatty()) as progress:
        for size in progress.track(arguments.sizes, description="sizes"):
            options = (arguments.sweeps, arguments.turns)
            if arguments.processes:
                found = shared(size, arguments.folder, *options, arguments.processes, arguments.threads)
                rows[size] = {**rows.get(size, {"size": size}), "shared": found}
            else:
                kept = {name: rows[size][name] for name in ("shared",) if name in rows.get(size, {})}
                rows[size] = kept | measured(size, arguments.folder, *options, ways, arguments.threads)
            content = {"rows": [rows[name] for name in SHAPES if name in rows]}
            if arguments.json:
                write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())
    print("\n".join(as_markdown(content["rows"])))


def _medians(turns: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of each number, or of each of a list of them."""
    return {
        name: [statistics.median(each) for each in zip(*(turn[name] for turn in turns), strict=True)]
        if isinstance(value, list)
        else statistics.median(turn[name] for turn in turns)
        for name, value in turns[0].items()
    }


def _in_a_process(way: str, folder: Path, sweeps: int, threads: int) -> dict[str, Any]:
    return _run("fits", way, folder, sweeps, threads)


def _run(module: str, way: str, folder: Path, sweeps: int, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", f"benchmarks.scale.{module}", way, str(folder), str(sweeps)]
    # A thread that waits for others gives way to other work, and does not count as working.
    variables = {**os.environ, "OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, env=variables).stdout
    )
    return found


if __name__ == "__main__":
    main()
