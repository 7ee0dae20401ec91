"""Measure the server under load: python -m benchmarks.serving_load [--json FILE].

One worker of `serving.app` and one of `bare_server` run at the same time on loopback, and wrk asks them in turns, so
that whatever else the machine does hits both. The bare server returns constants that are as long as the real
answers, and does nothing else: it keeps no access log, no metrics and no request ids, while the real one does all of
it and writes its log to a file. Both run under uvicorn with the same options (its own access log is off in both).

Printed are: requests a second and latencies of `GET /v1/ratings` and of `POST /v1/predictions` with one pair, and the
ratio of the medians; pairs a second of batches of 10,000, from the first byte sent to the last byte read; latencies of
`GET /health/ready`, asked on one connection and on new ones, while 64 clients send such batches without a pause; how
long each kind of large request holds the event loop (`loop_holds`); seconds from the start of the process
until it is ready; peak memory of both processes; and what happens to requests and memory while the model is replaced
every few seconds under full load.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.server_process import ServerProcess
from benchmarks.serving_load.loop_holds import longest_holds
from recsys import artifact
from recsys.environment import environment
from recsys.files import write_atomically
from recsys.targets import results_file

CONNECTIONS = 16  # enough to keep one worker busy all the time
BATCH = 10_000  # pairs
BATCH_CLIENTS = 64
HEALTH_PAUSE = 0.02  # seconds between two questions, so that those who ask take little of the processor
# wrk calls `done` at its end; all times are in microseconds.
SCRIPT = """
wrk.method = "{method}"
wrk.body = [[{body}]]
wrk.headers["Content-Type"] = "application/json"
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format('{{"requests": %d, "duration": %d, "p50": %d, "p99": %d, "failed": %d}}\\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def wrk(url: str, seconds: float, folder: Path, body: str = "", connections: int = CONNECTIONS) -> dict[str, float]:
    """Keep a server busy for some seconds; returns requests, failed ones, requests per second, p50 and p99 in ms."""
    script = folder / ("post.lua" if body else "get.lua")
    script.write_text(SCRIPT.format(method="POST" if body else "GET", body=body))
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--timeout", "10s"]
    command += ["--duration", f"{max(1, round(seconds))}s", "--script", str(script), url]
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


def batches(server: ServerProcess, model: artifact.Artifact, count: int) -> dict[str, float]:
    """Pairs per second of requests for `BATCH` pairs of known users and items, one after the other."""
    body = batch_body(model).encode()
    seconds = []
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        for _ in range(count + 1):
            begun = time.perf_counter()
            connection.request("POST", "/v1/predictions", body, {"Content-Type": "application/json"})
            content = connection.getresponse().read()
            seconds.append(time.perf_counter() - begun)
    if len(json.loads(content)["predictions"]) != BATCH:
        raise SystemExit(f"the server did not answer the whole batch: {content[:200]!r}")
    median = statistics.median(seconds[1:])  # the first one opened the connection
    return {"pairs": BATCH, "milliseconds": round(median * 1e3, 1), "pairs_per_second": round(BATCH / median)}


def batch_body(model: artifact.Artifact) -> str:
    """A request for `BATCH` pairs of known users and items."""
    rng = np.random.default_rng(0)
    users = rng.choice(model.arrays["user_ids"], BATCH).tolist()
    items = rng.choice(model.arrays["item_ids"], BATCH).tolist()
    return json.dumps({"pairs": [{"user_id": u, "item_id": i} for u, i in zip(users, items, strict=True)]})


def health(server: ServerProcess, model: artifact.Artifact, seconds: float, folder: Path) -> dict[str, Any]:
    """Latencies of health checks while `BATCH_CLIENTS` clients send batches without a pause."""
    measured: list[dict[str, float]] = []
    url, body = f"{server.url}/v1/predictions", batch_body(model)
    load = threading.Thread(target=lambda: measured.append(wrk(url, seconds, folder, body, BATCH_CLIENTS)))
    load.start()
    time.sleep(min(1.0, seconds / 4))  # until all of them have sent something
    kept, new, begun = [], [], time.perf_counter()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        while time.perf_counter() - begun < seconds / 2:
            kept.append(_seconds_to_ready(connection))
            time.sleep(HEALTH_PAUSE)
            with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as another:
                new.append(_seconds_to_ready(another))
            time.sleep(HEALTH_PAUSE)
    load.join()
    return {
        "clients": BATCH_CLIENTS,
        "pairs": BATCH,
        "batches_per_second": round(measured[0]["per_second"]),
        "failed": measured[0]["failed"],
        "checks": len(kept) + len(new),
        "kept_connection": _percentiles(kept),
        "new_connections": _percentiles(new),
    }


def _seconds_to_ready(connection: http.client.HTTPConnection) -> float:
    begun = time.perf_counter()
    connection.request("GET", "/health/ready")
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"/health/ready answers {answer.status} under load")
    return time.perf_counter() - begun


def _percentiles(seconds: list[float]) -> dict[str, float]:
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e3
    return {"p50_ms": round(float(p50), 1), "p99_ms": round(float(p99), 1)}


def reloads(root: Path, model: artifact.Artifact, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Replace the model every few seconds at saturation; failed requests, and resident memory second by second."""
    artifact.save(root, model.manifest, model.arrays, model.items)
    with ServerProcess.of_artifact(root / "latest", folder / "reloads.log") as server:
        measured: list[dict[str, float]] = []
        url = f"{server.url}/v1/ratings?{_pair_query(model)}"
        load = threading.Thread(target=lambda: measured.append(wrk(url, arguments.reload_for, folder)))
        load.start()
        begun, resident, exported = time.monotonic(), [], 0
        while load.is_alive():
            time.sleep(1)
            resident.append(server.memory("VmRSS"))
            if time.monotonic() - begun >= (exported + 1) * arguments.reload_every:
                exported += 1
                arrays = model.arrays | {"user_means": model.arrays["user_means"] + np.float32(exported * 1e-6)}
                artifact.save(root, replace(model.manifest, recipe=f"{model.manifest.recipe}+{exported}"), arrays,
                              model.items)  # fmt: skip
        settled = resident[min(10, len(resident) // 2) :]
        window = max(1, min(10, len(settled) // 2))  # seconds; a median leaves out the moments of loading
        return {
            "seconds": round(arguments.reload_for),
            "requests": measured[0]["requests"],
            "failed": measured[0]["failed"],
            "p99_ms": round(measured[0]["p99_ms"], 2),
            "exported": exported,
            "loaded": server.loads() - 1,
            "resident_after_10_s_mb": round(statistics.median(settled[:window]), 1),
            "resident_at_end_mb": round(statistics.median(settled[-window:]), 1),
            "resident_most_mb": max(settled),
            "peak_mb": server.memory("VmHWM"),
        }


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run everything; returns what is written as JSON."""
    model = artifact.load(arguments.artifact)
    starts = []
    for _ in range(arguments.starts):
        with ServerProcess.of_artifact(arguments.artifact, folder / "start.log") as server:
            starts.append(server.seconds_to_ready)
    with ServerProcess.of_artifact(arguments.artifact, folder / "access.log") as server:
        query = _pair_query(model)
        user_id, item_id = (int(part.split("=")[1]) for part in query.split("&"))
        body = json.dumps({"pairs": [{"user_id": user_id, "item_id": item_id}]})
        rating, predictions = server.ask("GET", f"/v1/ratings?{query}"), server.ask("POST", "/v1/predictions", body)
        with ServerProcess.bare(rating, predictions, folder / "bare.log") as bare:
            sizes = {"get": len(bare.ask("GET", "/rating")), "post": len(bare.ask("POST", "/predictions", body))}
            if (sizes["get"], sizes["post"]) != (len(rating), len(predictions)):
                raise SystemExit(
                    f"the bare answers have {sizes} bytes, the real ones {len(rating)}, {len(predictions)}"
                )
            get = compare(f"{server.url}/v1/ratings?{query}", f"{bare.url}/rating", arguments, folder)
            post = compare(f"{server.url}/v1/predictions", f"{bare.url}/predictions", arguments, folder, body)
            batch = batches(server, model, arguments.batches)
            peaks = {"real_mb": server.memory("VmHWM"), "bare_mb": bare.memory("VmHWM")}
            checked = health(server, model, 4 * arguments.seconds, folder)
    replaced = reloads(folder / "artifacts", model, arguments, folder)
    return {
        "model": {"kind": model.manifest.kind, "users": model.arrays["user_ids"].size,
                  "items": model.arrays["item_ids"].size},
        "connections": CONNECTIONS,
        "answer_bytes": sizes,
        "get": get,
        "post": post,
        "batch": batch,
        "health": checked,
        "loop_holds": longest_holds(arguments.artifact),
        "start": {"median_s": round(statistics.median(starts), 2), "most_s": round(max(starts), 2)},
        "peak_memory": {**peaks, "difference_mb": round(peaks["real_mb"] - peaks["bare_mb"], 1)},
        "reloads": replaced,
    }  # fmt: skip


def _pair_query(model: artifact.Artifact) -> str:
    """The first training rating's pair."""
    user, item = model.arrays["rating_users"][0], model.arrays["rating_items"][0]
    return f"user_id={model.arrays['user_ids'][user]}&item_id={model.arrays['item_ids'][item]}"


def report(result: dict[str, Any]) -> str:
    """The result as lines for a terminal."""
    lines = [f"{'':<32}{'requests/s':>11}{'p50':>10}{'p99':>10}{'failed':>8}"]
    for name, title in (("get", "GET one rating"), ("post", "POST one pair")):
        for side in ("real", "bare"):
            row = result[name][side]
            lines.append(
                f"{f'{title}, {side}':<32}{row['per_second']:>11}{row['p50_ms']:>7} ms{row['p99_ms']:>7} ms"
                f"{row['failed']:>8}"
            )
        lines.append(f"{f'{title}, ratio':<32}{result[name]['ratio']:>11}")
    batch, start, peak, replaced = (result[name] for name in ("batch", "start", "peak_memory", "reloads"))
    checked, holds = result["health"], result["loop_holds"]
    lines += [
        f"batch of {batch['pairs']} pairs: {batch['pairs_per_second']} pairs/s, {batch['milliseconds']} ms",
        f"health under {checked['clients']} clients with such batches: {checked['kept_connection']['p50_ms']} ms, p99 "
        f"{checked['kept_connection']['p99_ms']} ms; on new connections {checked['new_connections']['p50_ms']} ms, p99 "
        f"{checked['new_connections']['p99_ms']} ms",
        "milliseconds that one request holds the event loop:",
        *(f"  {hold['milliseconds']:>6}  {hold['name']} ({hold['status']})" for hold in holds),
        f"start to ready: {start['median_s']} s, at most {start['most_s']} s",
        f"peak memory: {peak['real_mb']} MB, bare {peak['bare_mb']} MB, difference {peak['difference_mb']} MB",
        f"{replaced['seconds']} s at saturation with {replaced['loaded']} of {replaced['exported']} new models loaded: "
        f"{replaced['failed']} of {replaced['requests']} requests failed, p99 {replaced['p99_ms']} ms",
        f"resident memory after the first 10 s {replaced['resident_after_10_s_mb']} MB, at the end "
        f"{replaced['resident_at_end_mb']} MB (medians of 10 s), while loading up to {replaced['resident_most_mb']} MB",
    ]
    return "\n".join(lines)


def is_load(content: dict[str, Any]) -> bool:
    """Whether a file's content is an earlier result of this command, which may be replaced."""
    return {"get", "post", "batch", "reloads"} <= content.keys()


def main() -> None:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving_load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--artifact", type=Path, default=Path("artifacts/latest"), help="what the server answers from")
    parser.add_argument("--seconds", type=float, default=4, help="of each round of wrk (default 4)")
    parser.add_argument("--rounds", type=int, default=5, help="of each server and route (default 5)")
    parser.add_argument("--batches", type=int, default=30, help="of 10,000 pairs (default 30)")
    parser.add_argument("--starts", type=int, default=5, help="of the server (default 5)")
    parser.add_argument("--reload-for", type=float, default=60, metavar="SECONDS", help="at saturation (default 60)")
    parser.add_argument("--reload-every", type=float, default=5, metavar="SECONDS", help="a new model (default 5)")
    parser.add_argument("--json", type=results_file(is_load), metavar="FILE", help="write the result to this file, too")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("serving_load: the load generator wrk is not installed; on Debian: apt-get install wrk")
    machine = {"cores": len(os.sched_getaffinity(0)), "load_average_before": round(os.getloadavg()[0], 1)}
    try:
        with tempfile.TemporaryDirectory() as folder:
            result = measure(arguments, Path(folder))
    except artifact.ArtifactError as error:
        sys.exit(f"serving_load: {error}")
    print(report(result))
    if arguments.json:
        content = {**environment(), **machine, **result}
        write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
