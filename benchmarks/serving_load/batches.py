"""Large batches: how fast they are answered, and how long others wait meanwhile."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.server_process import ServerProcess
from benchmarks.serving_load.wrk import wrk
from recsys import artifact

BATCH = 10_000  # pairs
BATCH_CLIENTS = 64
HEALTH_PAUSE = 0.02  # seconds between two questions, so that those who ask take little of the processor


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


def batch_body(model: artifact.Artifact) -> str:
    """A request for `BATCH` pairs of known users and items."""
    rng = np.random.default_rng(0)
    users = model.user_ids[rng.integers(model.user_ids.size, size=BATCH)].tolist()
    items = model.item_ids[rng.integers(model.item_ids.size, size=BATCH)].tolist()
    return json.dumps({"pairs": [{"user_id": u, "item_id": i} for u, i in zip(users, items, strict=True)]})


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
