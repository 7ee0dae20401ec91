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
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.server_process import ServerProcess
from benchmarks.serving_load.batches import batches, health
from benchmarks.serving_load.loop_holds import longest_holds
from benchmarks.serving_load.reloads import pair_query, reloads
from benchmarks.serving_load.reporting import measure_and_report
from benchmarks.serving_load.wrk import CONNECTIONS, compare
from recsys import artifact
from recsys.results.paths import results_file


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run everything; returns what is written as JSON."""
    model = artifact.load(arguments.artifact)
    starts = []
    for _ in range(arguments.starts):
        with ServerProcess.of_artifact(arguments.artifact, folder / "start.log") as server:
            starts.append(server.seconds_to_ready)
    with ServerProcess.of_artifact(arguments.artifact, folder / "access.log") as server:
        query = pair_query(model)
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
        "model": {"kind": model.manifest.kind, "users": model.user_ids.size,
                  "items": model.item_ids.size},
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
    try:
        measure_and_report("serving_load", parser.parse_args(), measure, report)
    except artifact.ArtifactError as error:
        sys.exit(f"serving_load: {error}")


if __name__ == "__main__":
    main()
