"""Measure the server with a large model: python -m benchmarks.serving_size [--size 25m] [--json FILE].

An artefact of best-ratings in the shape of a MovieLens data set (25m: 162,541 users, 59,047 items, 24 million ratings)
is made of planted ratings, a relevance that is learned from them, and random numbers, and one in the shape of 100k. A
server of each, with two workers, runs beside the other, and wrk asks them in turns. Printed are bytes on disk; seconds
from the start of the process until all workers answer, and how much of it processors work for one of them; what memory
the workers of the large model take together (PSS); latencies of predicted ratings and of recommendations, of users with
stored ratings too, and how recommendations by relevance and with reasons compare with those by rating; how long
searches by title take; and how long each kind of large request for a user with 1,500 stored ratings holds the event
loop.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import time
import urllib.parse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.scale.planted import SHAPES, Shape
from benchmarks.server_process import ServerProcess
from benchmarks.serving_load.loop_holds import longest_holds_of_stored
from benchmarks.serving_load.reporting import measure_and_report
from benchmarks.serving_load.wrk import CONNECTIONS, DONE, run_script
from benchmarks.serving_size.artefact import written
from recsys import artifact
from recsys.results.paths import results_file

_SMALL = "100k"
_WORKERS = 2
_MOST_SECONDS = 60.0  # until all workers answer
_KEY = "0123456789abcdef"
_STORING, _STORED = 20, 20  # users with stored ratings, the first ones, and how many each has
_RECOMMENDATIONS = "/v1/users/{user}/recommendations"
_ASKED = {  # the path, and whether the users have stored ratings
    "rating": ("/v1/ratings?user_id={user}&item_id={item}", False),
    "relevance": (_RECOMMENDATIONS, False),
    "by_rating": (f"{_RECOMMENDATIONS}?order=rating", False),
    "reasons": (f"{_RECOMMENDATIONS}?reasons=true", False),
    "stored": (_RECOMMENDATIONS, True),
}
_TITLES = {
    "rating": "a predicted rating",
    "relevance": "recommendations by relevance",
    "by_rating": "recommendations by rating",
    "reasons": "recommendations with reasons",
    "stored": "the same of users with stored ratings",
}
_SCRIPT = """
wrk.headers["X-API-Key"] = "{key}"
function setup(thread) math.randomseed(1) end
function request()
    local path = string.gsub("{path}", "{{user}}", math.random({first}, {last}))
    return wrk.format(nil, (string.gsub(path, "{{item}}", math.random({items}))))
end
"""


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run everything; returns what is written as JSON."""
    shapes = {name: SHAPES[size] for name, size in (("large", arguments.size), ("small", _SMALL))}
    models = {name: written(folder / name, shape) for name, shape in shapes.items()}
    seconds, worked = [], []
    for _ in range(arguments.starts):
        with started(models["large"], "start", folder) as server:
            seconds.append(seconds_to_all(server))
            worked.append(max(map(processor_seconds, workers_of(server))))
    with started(models["large"], "large", folder) as large, started(models["small"], "small", folder) as small:
        servers = {"large": large, "small": small}
        for server in servers.values():
            seconds_to_all(server)
            _store(server)
        asked = {name: in_turns(name, servers, shapes, arguments, folder) for name in _ASKED}
        searches = {
            kind: searched(large, queries) for kind, queries in queries_for(models["large"], arguments.searches).items()
        }
        memory = memory_of_workers(large)
    return {
        "size": arguments.size,
        "shapes": {name: shape._asdict() for name, shape in shapes.items()},
        "workers": _WORKERS,
        "connections": CONNECTIONS,
        "disk_bytes": sum(file.stat().st_size for file in models["large"].iterdir()),
        "ready": {
            "median_s": round(statistics.median(seconds), 2),
            "most_s": round(max(seconds), 2),
            "processor_s": round(statistics.median(worked), 2),
        },
        "memory": memory,
        "asked": asked,
        "searches": searches,
        "loop_holds": longest_holds_of_stored(models["large"], folder),
    }


def started(model: Path, name: str, folder: Path) -> ServerProcess:
    """A server that keeps ratings, in a database of its own."""
    database = f"sqlite:///{folder}/{name}.db"
    settings = {"RECSYS_API_KEY": _KEY, "RECSYS_RATINGS_DATABASE": database, "RECSYS_WORKERS": str(_WORKERS)}
    return ServerProcess.of_artifact(model, folder / f"{name}.log", **settings)


def seconds_to_all(server: ServerProcess) -> float:
    """Seconds from its start until every worker answers from the model.

    Raises:
        SystemExit: they do not.
    """
    begun = time.perf_counter()
    while (waited := time.perf_counter() - begun) < _MOST_SECONDS:
        found = re.search(r"^recsys_model\{.*\} (\S+)$", _ask(server, "GET", "/metrics").decode(), re.MULTILINE)
        if found and float(found[1]) == _WORKERS:
            return server.seconds_to_ready + waited
        time.sleep(0.01)
    raise SystemExit(f"{_WORKERS} workers were not ready within {_MOST_SECONDS} s")


def in_turns(
    name: str, servers: dict[str, ServerProcess], shapes: dict[str, Shape], arguments: argparse.Namespace, folder: Path
) -> dict[str, Any]:
    """Ask both servers the same in turns; medians of the rounds."""
    path, of_stored = _ASKED[name]
    rounds: dict[str, list[dict[str, float]]] = {each: [] for each in servers}
    for _ in range(arguments.rounds):
        for each, server in servers.items():
            first, last = (1, _STORING) if of_stored else (_STORING + 1, shapes[each].n_users)
            script = _SCRIPT.format(key=_KEY, path=path, first=first, last=last, items=shapes[each].n_items)
            run = run_script(server.url, script + DONE, arguments.seconds, folder / "size.lua", CONNECTIONS)
            rounds[each].append(run)
    return {
        each: {
            **{what: round(statistics.median(r[what] for r in runs), 2) for what in ("per_second", "p50_ms", "p99_ms")},
            "failed": sum(run["failed"] for run in runs),
        }
        for each, runs in rounds.items()
    }


def queries_for(model: Path, n: int) -> dict[str, list[str]]:
    """Words of titles, whole titles, and words with two letters swapped."""
    titles, rng = artifact.load(model).items.titles, np.random.default_rng(0)
    assert titles is not None
    chosen = [str(titles[place]) for place in rng.integers(len(titles), size=n)]
    words = [max(title.split(), key=len) for title in chosen]
    return {
        "words": words,
        "titles": chosen,
        "mistyped": [f"{word[:2]}{word[3:4]}{word[2:3]}{word[4:]}" for word in words],
    }


def searched(server: ServerProcess, queries: list[str]) -> dict[str, float]:
    """Milliseconds from the request to the end of the answer, one search after the other on one connection."""
    connection, milliseconds = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30), []
    for query in queries:
        begun = time.perf_counter()
        connection.request("GET", f"/v1/items?query={urllib.parse.quote(query)}", headers={"X-API-Key": _KEY})
        connection.getresponse().read()
        milliseconds.append((time.perf_counter() - begun) * 1e3)
    connection.close()
    return {
        "p50_ms": round(float(np.median(milliseconds)), 2),
        "p99_ms": round(float(np.percentile(milliseconds, 99)), 2),
    }


def memory_of_workers(server: ServerProcess) -> dict[str, float]:
    """Megabytes of all workers together: resident, where each counts what is shared, and proportional (PSS)."""
    rollups = [Path(f"/proc/{worker}/smaps_rollup").read_text() for worker in workers_of(server)]
    return {
        f"{field.lower()}_mb": round(
            sum(int(kilobytes) for text in rollups for kilobytes in re.findall(rf"^{field}:\s+(\d+) kB$", text, re.M))
            * 1024 / 1e6, 1,
        )
        for field in ("Rss", "Pss")
    }  # fmt: skip


def workers_of(server: ServerProcess) -> list[int]:
    """The ids of its worker processes."""
    return [int(child) for child in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()]


def processor_seconds(pid: int) -> float:
    """How long processors have worked for a process, in all its threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, after_name[11:13])) / os.sysconf("SC_CLK_TCK")


def _store(server: ServerProcess) -> None:
    for user in range(1, _STORING + 1):
        for item in range(user, user + _STORED):
            _ask(server, "PUT", f"/v1/users/{user}/ratings/{item}", json.dumps({"rating": 4.0}))


def _ask(server: ServerProcess, method: str, path: str, body: str | None = None) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(method, path, body, {"Content-Type": "application/json", "X-API-Key": _KEY})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status not in {200, 201}:
        raise SystemExit(f"{method} {path}: {answer.status} {content.decode()}")
    return content


def report(result: dict[str, Any]) -> str:
    """The result as lines for a terminal."""
    ready, memory = result["ready"], result["memory"]
    hold = result["loop_holds"][0]
    ratios = ", ".join(
        f"{_TITLES[name]} {ratio_to_rating(result, name, size)} ({size})"
        for name in ("relevance", "reasons")
        for size in ("large", "small")
    )
    lines = [
        f"{result['disk_bytes'] / 1e6:.0f} MB on disk; {result['workers']} workers answer after {ready['median_s']} s, "
        f"at most {ready['most_s']} s, {ready['processor_s']} s of which processors work for one of them",
        f"they take {memory['pss_mb']} MB together, {memory['rss_mb']} MB if what they share counts for each",
        f"{'':<40}{'p50':>9}{'p99':>12}{'p50 of ' + _SMALL:>15}{'p99':>12}{'failed':>8}",
    ]
    for name, both in result["asked"].items():
        large, small = both["large"], both["small"]
        lines.append(
            f"{_TITLES[name]:<40}{large['p50_ms']:>6} ms{large['p99_ms']:>9} ms{small['p50_ms']:>12} ms"
            f"{small['p99_ms']:>9} ms{large['failed'] + small['failed']:>8}"
        )
    for kind, found in result["searches"].items():
        lines.append(f"{f'a search, {kind}':<40}{found['p50_ms']:>6} ms{found['p99_ms']:>9} ms")
    lines += [
        f"in units of the time of recommendations by rating: {ratios}",
        f"the event loop is held for {hold['milliseconds']} ms at most (once {hold['least_milliseconds']} ms): "
        f"{hold['name']}",
    ]
    return "\n".join(lines)


def ratio_to_rating(result: dict[str, Any], name: str, size: str) -> float:
    """How many times as long recommendations take as those in the order of ratings, by how many there are a second."""
    asked = result["asked"]
    return round(float(asked["by_rating"][size]["per_second"] / asked[name][size]["per_second"]), 2)


def is_size(content: dict[str, Any]) -> bool:
    """Whether a file's content is an earlier result of this command, which may be replaced."""
    return {"disk_bytes", "ready", "memory", "asked", "searches"} <= content.keys()


def main() -> None:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving_size",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--size", choices=SHAPES, default="25m", help="of the large model (default 25m)")
    parser.add_argument("--seconds", type=float, default=4, help="of each round of wrk (default 4)")
    parser.add_argument("--rounds", type=int, default=5, help="of each server and request (default 5)")
    parser.add_argument("--starts", type=int, default=5, help="of the server (default 5)")
    parser.add_argument("--searches", type=int, default=200, help="of each kind (default 200)")
    parser.add_argument("--json", type=results_file(is_size), metavar="FILE", help="write the result to this file, too")
    measure_and_report("serving_size", parser.parse_args(), measure, report)


if __name__ == "__main__":
    main()
