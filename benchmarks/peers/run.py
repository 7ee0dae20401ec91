"""Fit one peer on one split, for several seeds: python -m benchmarks.peers.run MODEL --split 0.9 --seeds 0 1.

Each seed's result is a JSON file, written when that seed is finished. The table of RMSEs runs this in a process of its
own, so that memory is measured for one method at a time.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.peers import PEERS, build, fingerprint_of
from benchmarks.peers.peer import Peer, training_set
from data.movielens import Ratings, load
from data.splits import Rows, Split, make_split
from recsys.files import write_atomically
from recsys.linalg.spectral import effective_rank, singular_values
from recsys.results.environment import environment
from recsys.results.paths import results_folder


def rmse(peer: Peer, ratings: Ratings, rows: Rows) -> float:
    """Root mean squared error over some rows, of predictions clipped to the rating scale."""
    predicted = peer.predict(*ratings.pairs(rows))
    errors = np.clip(predicted, ratings.scale.minimum, ratings.scale.maximum) - ratings.values[rows]
    return float(np.sqrt(np.mean(errors.astype(np.float64) ** 2)))


def measure(peer: Peer, ratings: Ratings, parts: Split) -> dict[str, Any]:
    """Fit on all training ratings of a split, and predict its test ratings once."""
    train = training_set(ratings, parts.train)
    begun = time.perf_counter()
    peer.fit(train)
    seconds = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # in KiB
    matrix = peer.matrix(ratings.n_users, ratings.n_items)
    return {
        "test_rmse": rmse(peer, ratings, parts.test),
        "fit_seconds": round(seconds, 2),
        "peak_memory_mb": round(peak / 1024),
        "parameters": peer.n_parameters(),
        "effective_rank": None if matrix is None else float(effective_rank(singular_values(matrix))),
        "settings": asdict(peer),  # type: ignore[call-overload]  # every peer is a dataclass
    }


def main() -> None:
    """Fit, and write one file a seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=list(PEERS))
    parser.add_argument("--split", default="0.9")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--folder", type=results_folder, required=True, help="for the results, seedN.json")
    arguments = parser.parse_args()
    made_by = {**environment(), "fingerprint": fingerprint_of(arguments.model, arguments.split)}  # as it was loaded
    ratings = load("100k")
    for seed in arguments.seeds:
        parts = make_split(ratings, arguments.split, seed)
        result = {**measure(build(arguments.model, seed), ratings, parts), **made_by}
        write_atomically(arguments.folder / f"seed{seed}.json", json.dumps(result, indent=2).encode())
        print(f"{arguments.model}, split {arguments.split}, seed {seed}: {result['test_rmse']:.4f}", flush=True)


if __name__ == "__main__":
    main()
