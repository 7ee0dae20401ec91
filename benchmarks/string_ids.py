"""Measure what ids of text cost: python -m benchmarks.string_ids [--json FILE].

Two artefacts differ in nothing but their ids: whole numbers in one, UUIDs in the other. Printed are requests a second
of `GET /v1/ratings` to a server of each, which wrk asks in turns (943 users, 1682 items); how long each kind of large
request holds the event loop of both; and, of another two artefacts, with a million ids (900,000 users, 100,000 items),
seconds from the start of the process until it is ready, and its peak memory.
"""

from __future__ import annotations

import argparse
import statistics
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.server_process import ServerProcess
from benchmarks.serving_load.loop_holds import longest_holds
from benchmarks.serving_load.reloads import pair_query
from benchmarks.serving_load.reporting import measure_and_report
from benchmarks.serving_load.wrk import CONNECTIONS, compare
from recsys import artifact
from recsys.artifact import Ids, StringIds
from recsys.results.paths import results_file

_DIMENSION = 8  # small factors, so that ids weigh
_SMALL, _LARGE = (943, 1682, 90_000), (900_000, 100_000, 2_000_000)  # users, items, ratings


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Run everything; returns what is written as JSON."""
    numbers, text = twins(folder / "small", *_SMALL)
    with (
        ServerProcess.of_artifact(text, folder / "text.log") as of_text,
        ServerProcess.of_artifact(numbers, folder / "numbers.log") as of_numbers,
    ):
        text_url, numbers_url = (
            f"{server.url}/v1/ratings?{pair_query(artifact.load(model))}"
            for server, model in ((of_text, text), (of_numbers, numbers))
        )
        got = compare(text_url, numbers_url, arguments, folder)
    return {
        "connections": CONNECTIONS,
        "get": {"text": got["real"], "numbers": got["bare"], "ratio": got["ratio"]},
        "loop_holds": {"text": longest_holds(text), "numbers": longest_holds(numbers)},
        "start": starts(*twins(folder / "large", *_LARGE), arguments.starts, folder),
    }


def twins(root: Path, n_users: int, n_items: int, n_ratings: int) -> tuple[Path, Path]:
    """Two artefacts of one model of random numbers: with whole numbers as ids, and with UUIDs."""
    rng = np.random.default_rng(0)
    pairs = np.unique(rng.integers(n_users * n_items, size=n_ratings))
    rating_users, rating_items = np.divmod(pairs, n_items)
    manifest = artifact.Manifest(
        kind="UserItemEmbedding", recipe="string-ids", rating_scale=(1.0, 5.0), rating_step=1.0, global_mean=3.5,
        split="0.9", seed=0, metrics={}, data_name="random", data_sha256="", created="2026-01-01T00:00:00+00:00",
        configuration={},
    )  # fmt: skip
    arrays: dict[str, artifact.Array] = {
        "user_factors": rng.standard_normal((n_users, _DIMENSION), np.float32),
        "item_factors": rng.standard_normal((n_items, _DIMENSION), np.float32),
        "user_bias": rng.standard_normal((n_users, 1), np.float32),
        "item_bias": rng.standard_normal((n_items, 1), np.float32) + np.float32(3.5),
        "user_means": np.zeros(n_users, np.float32),
        "item_means": np.zeros(n_items, np.float32),
        "rating_users": rating_users.astype(np.int32),
        "rating_items": rating_items.astype(np.int32),
        "rating_values": rng.integers(1, 6, pairs.size).astype(np.float32),
    }

    def saved(name: str, users: Ids, items: Ids) -> Path:
        ids = {**artifact.id_arrays("user", users), **artifact.id_arrays("item", items)}
        return artifact.save(root / name, manifest, arrays | ids, artifact.ItemTable())

    numbers = saved("numbers", np.arange(1, n_users + 1), np.arange(1, n_items + 1))
    return numbers, saved("text", _uuids(n_users, rng), _uuids(n_items, rng))


def _uuids(n: int, rng: np.random.Generator) -> StringIds:
    return StringIds.from_strings(str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(n))


def starts(numbers: Path, text: Path, times: int, folder: Path) -> dict[str, Any]:
    """Of servers of both artefacts, started in turns: median seconds to ready and peak memory, and the ratio."""
    seconds: dict[str, list[float]] = {"numbers": [], "text": []}
    peaks: dict[str, float] = {}
    for _ in range(times):
        for name, directory in (("numbers", numbers), ("text", text)):
            with ServerProcess.of_artifact(directory, folder / "start.log") as server:
                seconds[name].append(server.seconds_to_ready)
                peaks[name] = server.memory("VmHWM")
    medians = {name: statistics.median(measured) for name, measured in seconds.items()}
    return {
        "ids": sum(_LARGE[:2]),
        **{f"{name}_s": round(median, 2) for name, median in medians.items()},
        **{f"{name}_peak_mb": peak for name, peak in peaks.items()},
        "ratio": round(medians["text"] / medians["numbers"], 3),
    }


def report(result: dict[str, Any]) -> str:
    """The result as lines for a terminal."""
    get, start, holds = result["get"], result["start"], result["loop_holds"]
    lines = [f"{'GET one rating, ids of':<24}{'requests/s':>11}{'p50':>10}{'p99':>10}{'failed':>8}"]
    for name in ("numbers", "text"):
        row = get[name]
        lines.append(f"{name:<24}{row['per_second']:>11}{row['p50_ms']:>7} ms{row['p99_ms']:>7} ms{row['failed']:>8}")
    lines.append(f"{'ratio':<24}{get['ratio']:>11}")
    lines.append(
        f"start to ready with {start['ids']:,} ids: {start['numbers_s']} s with numbers, {start['text_s']} s with "
        f"text, ratio {start['ratio']}; peak memory {start['numbers_peak_mb']} MB and {start['text_peak_mb']} MB"
    )
    lines.append("milliseconds that one request holds the event loop, with text and with numbers:")
    of_numbers = {hold["name"]: hold["milliseconds"] for hold in holds["numbers"]}
    lines += [
        f"  {hold['milliseconds']:>6} {of_numbers[hold['name']]:>6}  {hold['name']} ({hold['status']})"
        for hold in holds["text"]
    ]
    return "\n".join(lines)


def is_cost(content: dict[str, Any]) -> bool:
    """Whether a file's content is an earlier result of this command, which may be replaced."""
    return {"get", "loop_holds", "start"} <= content.keys() and "text_s" in content["start"]


def main() -> None:
    """Measure, print, and write JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.string_ids",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seconds", type=float, default=2, help="of each round of wrk (default 2)")
    parser.add_argument("--rounds", type=int, default=21, help="of each server (default 21)")
    parser.add_argument("--starts", type=int, default=5, help="of each server (default 5)")
    parser.add_argument("--json", type=results_file(is_cost), metavar="FILE", help="write the result to this file, too")
    measure_and_report("string_ids", parser.parse_args(), measure, report)


if __name__ == "__main__":
    main()
