"""Measure a server that keeps ratings: python -m benchmarks.ratings_load [--json FILE].

The servers have one worker and two, a small model of random numbers (943 users, 1682 items), and a file of SQLite in
the folder for temporary files, whose disk decides how long a commit takes. wrk puts ratings of random users for random
items, as many as the server takes; then wrk asks for predicted ratings of random users, on one connection, in turns
alone and beside some 2,000 PUTs a second. The users that are asked for have stored ratings (so fold-in answers) or none
(so the model does).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks.server_process import ServerProcess
from benchmarks.serving_load.reporting import measure_and_report
from benchmarks.serving_load.wrk import DONE, run_script
from benchmarks.string_ids import twins
from recsys.results.paths import results_file
from serving.ratings.changes import Put
from serving.ratings.opening import open_database

_USERS, _ITEMS, _RATINGS = 943, 1682, 90_000
_RATING_USERS = _USERS // 2  # those who rate; the others have no stored ratings
_CONNECTIONS = 64  # that put ratings
_BESIDE = 2000  # PUTs a second beside the GETs
_COMMITS = 100
_WORKERS = (1, 2)
_KEY = "0123456789abcdef"
_PUT = """
wrk.method, wrk.body = "PUT", '{{"rating": 4}}'
wrk.headers["Content-Type"], wrk.headers["X-API-Key"] = "application/json", "{key}"
function setup(thread) math.randomseed(1) end
function request()
    return wrk.format(nil, "/v1/users/" .. math.random({users}) .. "/ratings/" .. math.random({items}))
end
function delay() return math.random(0, {delay}) end
"""
_GET = """
wrk.headers["X-API-Key"] = "{key}"
function request()
    local user, item = math.random({first}, {last}), math.random({items})
    return wrk.format(nil, "/v1/ratings?user_id=" .. user .. "&item_id=" .. item)
end
"""


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run everything; returns what is written as JSON."""
    model, _ = twins(folder / "model", _USERS, _ITEMS, _RATINGS)
    by_workers = {str(workers): of_workers(workers, model, arguments, folder) for workers in _WORKERS}
    return {"connections": _CONNECTIONS, "commit_ms": round(commit_ms(folder), 2), "workers": by_workers}


def of_workers(workers: int, model: Path, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """What a server with so many workers does."""
    database = f"sqlite:///{folder}/ratings-{workers}.db"
    settings = {"RECSYS_API_KEY": _KEY, "RECSYS_RATINGS_DATABASE": database, "RECSYS_WORKERS": str(workers)}
    with ServerProcess.of_artifact(model, folder / "log", **settings) as server:
        put = _median([puts(server, arguments.seconds, 0, folder) for _ in range(arguments.rounds)])
        delay = 2 * max(0, round(_CONNECTIONS / _BESIDE * 1e3 - put["p50_ms"]))
        asked = {
            "by_model": beside(server, (_RATING_USERS + 1, _USERS), delay, arguments, folder),
            "by_fold_in": beside(server, (1, _RATING_USERS), delay, arguments, folder),
        }
    return {"put": put, "get": asked}


def commit_ms(folder: Path) -> float:
    """How long the disk takes: the median of commits of one rating, with nothing beside them."""
    database, seconds = open_database(f"sqlite:///{folder}/alone.db"), []
    for item in range(_COMMITS):
        begun = time.perf_counter()
        database.commit([Put(("1", str(item)), 4.0, item)])
        seconds.append(time.perf_counter() - begun)
    database.close()
    return statistics.median(seconds) * 1e3


def beside(
    server: ServerProcess, users: tuple[int, int], delay: int, arguments: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    """Latencies of GETs of users from … to, alone and beside PUTs, in turns; medians over the rounds."""
    alone, busy, puts_beside = [], [], []
    for _ in range(arguments.rounds):
        alone.append(gets(server, users, arguments.seconds, folder))
        load = Thread(target=lambda: puts_beside.append(puts(server, arguments.seconds + 1, delay, folder)))
        load.start()
        busy.append(gets(server, users, arguments.seconds, folder))
        load.join()
    medians = {name: _median(rounds) for name, rounds in (("alone", alone), ("beside", busy), ("puts", puts_beside))}
    return {**medians, "ratio": round(medians["beside"]["p50_ms"] / medians["alone"]["p50_ms"], 3)}


def puts(server: ServerProcess, seconds: float, delay: int, folder: Path) -> dict[str, float]:
    """Put ratings for some seconds, each connection with a rest of 0 … `delay` milliseconds between two."""
    script = _PUT.format(key=_KEY, users=_RATING_USERS, items=_ITEMS, delay=delay) + DONE
    return run_script(server.url, script, seconds, folder / "put.lua", _CONNECTIONS)


def gets(server: ServerProcess, users: tuple[int, int], seconds: float, folder: Path) -> dict[str, float]:
    """Ask for ratings on one connection for some seconds."""
    script = _GET.format(key=_KEY, items=_ITEMS, first=users[0], last=users[1]) + DONE
    return run_script(server.url, script, seconds, folder / "get.lua", 1)


def _median(rounds: list[dict[str, float]]) -> dict[str, float]:
    found = {
        name: round(statistics.median(each[name] for each in rounds), 2) for name in ("per_second", "p50_ms", "p99_ms")
    }
    return {**found, "failed": sum(each["failed"] for each in rounds)}


def report(result: dict[str, Any]) -> str:
    """The result as lines for a terminal."""
    lines = [f"{'':<44}{'requests/s':>11}{'p50':>11}{'p99':>11}{'failed':>8}"]
    for title, row in rows_of(result):
        lines.append(
            f"{title:<44}{row['per_second']:>11.0f}{row['p50_ms']:>8.2f} ms{row['p99_ms']:>8.2f} ms{row['failed']:>8}"
        )
    for workers, measured in result["workers"].items():
        ratios = ", ".join(f"{name} {got['ratio']}" for name, got in measured["get"].items())
        lines.append(f"median of GETs beside PUTs : alone, {workers} workers: {ratios}")
    return "\n".join([*lines, f"a commit of one rating: {result['commit_ms']} ms"])


def rows_of(result: dict[str, Any]) -> Iterator[tuple[str, dict[str, float]]]:
    """Each row of the result, with its title."""
    for workers, measured in result["workers"].items():
        yield f"{workers} workers, PUT", measured["put"]
        for name, by in (("by_model", "the model"), ("by_fold_in", "fold-in")):
            got = measured["get"][name]
            yield f"{workers} workers, GET by {by}", got["alone"]
            yield f"{workers} workers, GET by {by} beside PUTs", got["beside"]
            yield "  the PUTs", got["puts"]


def is_load(content: dict[str, Any]) -> bool:
    """Whether a file's content is an earlier result of this command, which may be replaced."""
    return "commit_ms" in content and {"put", "get"} <= content["workers"]["1"].keys()


def main() -> None:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ratings_load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=4, help="of each round of wrk (default 4)")
    parser.add_argument("--rounds", type=int, default=5, help="of GETs alone and beside PUTs (default 5)")
    parser.add_argument("--json", type=results_file(is_load), metavar="FILE", help="write the result to this file, too")
    measure_and_report("ratings_load", parser.parse_args(), measure, report)


if __name__ == "__main__":
    main()
