"""Compare settings of a peer on validation ratings: python -m benchmarks.peers.validate MODEL --grid factors=10,20.

Every combination of the grid is fitted on the training part of the splits with seeds 100–102 less a tenth, and predicts
that tenth; test ratings are not looked at. Methods that learn in epochs are measured after each, and the best number of
epochs, the same for all seeds, is printed with its RMSE.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import time
from collections import defaultdict
from functools import partial

import numpy as np

from benchmarks.peers import PEERS, build
from benchmarks.peers.peer import Peer, training_set
from benchmarks.peers.run import rmse
from data.movielens import Ratings, load
from data.splits import Rows, carve_validation, make_split

SEEDS = (100, 101, 102)


def validation_rmse(peer: Peer, ratings: Ratings, split: str, curve: dict[int, list[float]]) -> float:
    """RMSE on the validation part; `curve` gets that after each epoch, where a method has epochs."""
    part, held_out = carve_validation(ratings, make_split(ratings, split, peer.seed), 0.1, peer.seed)
    peer.fit(training_set(ratings, part), partial(_note, curve, peer, ratings, held_out))
    return rmse(peer, ratings, held_out)


def _note(curve: dict[int, list[float]], peer: Peer, ratings: Ratings, held_out: Rows, epoch: int) -> None:
    curve[epoch].append(rmse(peer, ratings, held_out))


def settings_of(grid: list[str], peer: Peer) -> dict[str, list[object]]:
    """Turn name=value,value into values of the types that the settings have."""
    defaults = dataclasses.asdict(peer)  # type: ignore[call-overload]  # every peer is a dataclass
    settings: dict[str, list[object]] = {}
    for entry in grid:
        name, _, values = entry.partition("=")
        if name not in defaults or not values:
            raise SystemExit(f"--grid takes name=value,value with a name out of {', '.join(defaults)}; not {entry!r}")
        settings[name] = [type(defaults[name])(value) for value in values.split(",")]
    return settings


def main() -> None:
    """Print a line for each combination."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=list(PEERS))
    parser.add_argument("--split", default="0.9")
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS, help="100 101 102, never those of the table")
    parser.add_argument("--grid", nargs="*", default=[], metavar="NAME=VALUE,VALUE")
    arguments = parser.parse_args()
    ratings = load("100k")
    grid = settings_of(arguments.grid, build(arguments.model, 0))
    for values in itertools.product(*grid.values()):
        chosen = dict(zip(grid, values, strict=True))
        curve: dict[int, list[float]] = defaultdict(list)
        begun = time.perf_counter()
        last = [
            validation_rmse(build(arguments.model, seed, **chosen), ratings, arguments.split, curve)
            for seed in arguments.seeds
        ]
        seconds = (time.perf_counter() - begun) / len(last)
        means = {epoch: float(np.mean(each)) for epoch, each in curve.items()}
        best = min(means, key=means.__getitem__, default=None)
        after = f", best {means[best]:.4f} after {best} epochs" if best is not None else ""
        print(f"{arguments.model} {chosen}: {np.mean(last):.4f} at the end{after}; {seconds:.1f} s a fit", flush=True)


if __name__ == "__main__":
    main()
