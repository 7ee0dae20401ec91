"""New models under full load: what happens to requests and to memory."""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.server_process import ServerProcess
from benchmarks.serving_load.wrk import wrk
from recsys import artifact


def reloads(root: Path, model: artifact.Artifact, arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Replace the model every few seconds at saturation; failed requests, and resident memory second by second."""
    artifact.save(root, model.manifest, model.arrays, model.items)
    with ServerProcess.of_artifact(root / "latest", folder / "reloads.log") as server:
        measured: list[dict[str, float]] = []
        url = f"{server.url}/v1/ratings?{pair_query(model)}"
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


def pair_query(model: artifact.Artifact) -> str:
    """The first training rating's pair."""
    user, item = model.arrays["rating_users"][0], model.arrays["rating_items"][0]
    return f"user_id={model.user_ids[user]}&item_id={model.item_ids[item]}"
