"""Break everything that can break, at random moments, and count what it leaves: python -m benchmarks.faults.

Downloads, fits, exporters, workers, servers and databases are killed (SIGKILL); disks are full or read-only; single
bytes of artefacts and checkpoints are changed; requests of every kind are sent to every route; models are replaced
under full load. Counted are files that are not whole and pass for whole, wrong answers and numbers, server errors and
tracebacks, and requests that fail although no process was killed that they were in. All should be 0. Filling disks
needs the right to mount (root), and the database is PostgreSQL.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.faults import disks, flips, kills, servers, traffic, work
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.processes import run
from benchmarks.faults.ratings import kills as of_ratings
from benchmarks.faults.ratings.postgresql import programs
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file

PARTS = ("kills", "processes", "ratings", "disks", "flips", "requests", "saturation")


def campaign(parts: list[str], share: float, seed: int, folder: Path) -> Iterator[Outcome]:
    """Run the parts, each with `share` of its moments; one outcome for each kind of fault."""
    fitted = folder / "fitted"
    fitted.mkdir()
    if run(work.fit, *kills.FIT, folder=fitted) != 0:
        raise SystemExit(f"faults: the fit to begin with failed:\n{(fitted / 'output').read_text()[-2000:]}")
    source = fitted / "artifacts" / "latest"
    (checkpoint,) = fitted.glob("checkpoints/*/refit.ckpt")
    rng = np.random.default_rng(seed)

    def times(count: int) -> int:
        return max(1, round(count * share))

    faults: dict[str, list[Callable[[Path], Outcome]]] = {
        "kills": [
            lambda place: kills.of_downloads(times(60), rng, place),
            lambda place: kills.of_fits(times(100), rng, place),
            lambda place: kills.of_exports(times(80), rng, place, source),
            lambda place: servers.during_reloads(times(60), rng, place, source),
            lambda place: servers.of_workers(times(40), rng, place, source),
            lambda place: servers.of_servers(times(20), rng, place, source),
        ],
        "processes": [lambda place: kills.of_members(times(20), rng, place)],
        "ratings": [
            lambda place: of_ratings.of_servers(times(100), rng, place, source),
            lambda place: of_ratings.of_databases(times(100), rng, place, source),
        ],
        "disks": [
            lambda place: disks.of_fits(times(30), rng, place),
            lambda place: disks.of_exports(times(20), rng, place, source),
            lambda place: disks.read_only(times(8), rng, place),
        ],
        "flips": [
            lambda place: flips.of_artefacts(times(1500), rng, place, source),
            lambda place: flips.of_checkpoints(times(700), rng, place, checkpoint),
        ],
        "requests": [
            lambda place: traffic.structured(times(80_000), seed, place, source),
            lambda place: traffic.raw(times(25_000), seed, place, source),
        ],
        "saturation": [lambda place: servers.at_saturation(60 * share, 3, place, source)],
    }
    for part in parts:
        for number, fault in enumerate(faults[part]):
            place = folder / f"{part}-{number}"
            place.mkdir()
            yield fault(place)


def report(outcome: Outcome) -> str:
    """One outcome as lines for a terminal."""
    counted = f"{outcome.corrupt:>8}{outcome.wrong:>7}{outcome.errors:>8}{outcome.failed:>8}"
    return "\n".join([f"{outcome.fault:<48}{outcome.moments:>8}{counted}", *(f"    {p}" for p in outcome.problems)])


def with_earlier(file: Path, campaign: dict[str, Any]) -> dict[str, Any]:
    """A campaign, and the outcomes of other faults that a file has of an earlier one, whose machine is named then.

    Each outcome says the commit that it is of.
    """
    new = {row["fault"]: {**row, "commit": campaign["commit"]} for row in campaign["outcomes"]}
    earlier = json.loads(file.read_bytes()) if file.exists() else {"outcomes": []}
    kept = {row["fault"]: {"commit": earlier["commit"], **row} for row in earlier["outcomes"]}
    machine = earlier if kept.keys() - new.keys() else campaign
    return {**machine, "outcomes": list((kept | new).values())}


def is_campaign(content: dict[str, Any]) -> bool:
    """Whether a file's content is that of an earlier campaign, which may be replaced."""
    return {"outcomes", "share"} <= content.keys()


def main() -> None:
    """Run the campaign, print what was counted, and write JSON if asked to; the exit status is 1 unless all is 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="these parts (default: all)")
    parser.add_argument("--share", type=float, default=1.0, help="of the moments of each fault (default 1)")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments (default 0)")
    parser.add_argument(
        "--json",
        type=results_file(is_campaign),
        metavar="FILE",
        help="write the outcomes to this file, too; those of other faults that it holds stay",
    )
    arguments = parser.parse_args()
    if "disks" in arguments.only and not disks.may_mount():
        sys.exit("faults: filling disks needs the right to mount; run as root, or leave that out: --only "
                 + " ".join(part for part in arguments.only if part != "disks"))  # fmt: skip
    if "ratings" in arguments.only and programs() is None:
        sys.exit("faults: PostgreSQL is not installed; on Debian: apt-get install postgresql")
    print(f"{'fault':<48}{'moments':>8}{'corrupt':>8}{'wrong':>7}{'errors':>8}{'failed':>8}", flush=True)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="recsys-faults-") as folder:
        for outcome in campaign(arguments.only, arguments.share, arguments.seed, Path(folder)):
            outcomes.append(outcome)
            print(report(outcome), flush=True)
    if arguments.json:
        found = {**environment(), "seed": arguments.seed, "share": arguments.share,
                 "outcomes": [outcome.as_json() for outcome in outcomes]}  # fmt: skip
        content = with_earlier(arguments.json, found)
        write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())
    sys.exit(0 if all(outcome.is_clean for outcome in outcomes) else 1)


if __name__ == "__main__":
    main()
