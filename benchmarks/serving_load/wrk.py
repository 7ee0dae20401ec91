"""The load generator wrk: a server kept busy, and two servers asked in turns."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

CONNECTIONS = 16  # enough to keep one worker busy all the time
_ASKING = """
wrk.method = "{method}"
wrk.body = [[{body}]]
wrk.headers["Content-Type"] = "application/json"
"""
# wrk calls `done` at its end; all times are in microseconds.
DONE = """
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format('{"requests": %d, "duration": %d, "p50": %d, "p99": %d, "failed": %d}\\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def require_wrk(command: str) -> None:
    """Exit with a message of a command if the load generator is not installed."""
    if shutil.which("wrk") is None:
        sys.exit(f"{command}: the load generator wrk is not installed; on Debian: apt-get install wrk")


def wrk(url: str, seconds: float, folder: Path, body: str = "", connections: int = CONNECTIONS) -> dict[str, float]:
    """Keep a server busy for some seconds; returns requests, failed ones, requests per second, p50 and p99 in ms."""
    script = _ASKING.format(method="POST" if body else "GET", body=body) + DONE
    return run_script(url, script, seconds, folder / ("post.lua" if body else "get.lua"), connections)


def run_script(url: str, script: str, seconds: float, file: Path, connections: int) -> dict[str, float]:
    """Do what a script says, which ends with `DONE` and is written to a file; returns what `wrk` does."""
    file.write_text(script)
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--timeout", "10s"]
    command += ["--duration", f"{max(1, round(seconds))}s", "--script", str(file), url]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, float] = json.loads(printed.splitlines()[-1])
    return {
        "requests": found["requests"],
        "failed": found["failed"],
        "per_second": found["requests"] / found["duration"] * 1e6,
        "p50_ms": found["p50"] / 1e3,
        "p99_ms": found["p99"] / 1e3,
    }


def compare(real: str, bare: str, arguments: argparse.Namespace, folder: Path, body: str = "") -> dict[str, Any]:
    """Ask two addresses in turns; medians over the rounds, and the ratio of requests per second."""
    rounds: dict[str, list[dict[str, float]]] = {"real": [], "bare": []}
    for _ in range(arguments.rounds):
        for name, url in (("real", real), ("bare", bare)):
            rounds[name].append(wrk(url, arguments.seconds, folder, body))
    medians = {
        name: {
            "per_second": round(statistics.median(r["per_second"] for r in measured)),
            "p50_ms": round(statistics.median(r["p50_ms"] for r in measured), 2),
            "p99_ms": round(statistics.median(r["p99_ms"] for r in measured), 2),
            "failed": sum(r["failed"] for r in measured),
        }
        for name, measured in rounds.items()
    }
    ratio = medians["real"]["per_second"] / medians["bare"]["per_second"]
    return {**medians, "ratio": round(ratio, 3)}
