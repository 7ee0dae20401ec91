"""Show that a change alters no numbers: python -m benchmarks.same_numbers --json FILE before it, --against FILE after.

Recorded are, for a short fit of every recipe with the same seed, hashes of its logs (losses, validation RMSE, ranks),
the metrics it reports, and hashes of the arrays of its artefact; and, for some of these artefacts, a hash of what the
server answers to each of a thousand requests, right and damaged ones, of all routes. Both runs must be on one machine.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np

from benchmarks.faults.traffic import Operation, operations, request
from benchmarks.server_process import ServerProcess
from recsys import artifact
from recsys.command.recipes import CONFIGS, recipe_names
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file

Numbers = dict[str, str]  # what it is a number of: the number, or its hash

_EPOCHS = 10  # enough for two validations, a refit and draws after the burn-in; a full matrix takes 2 s for it
_REQUESTS = 1000  # to each server
_SERVED = ("lnn-adam-ratio", "embedding-adam-ratio", "best-all")  # a recipe of each kind of model
_OF_THE_RUN = {"fit_seconds"}  # metrics that differ from run to run
# What differs from one run to the next in right answers, besides the version: times, how long things took, hashes.
_CHANGING = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[^\"]*|\"fit_seconds\": ?[\d.]+|[0-9a-f]{64}")
_HEADERS = ("content-type", "allow", "cache-control", "retry-after", "location", "www-authenticate")


def numbers(folder: Path, names: list[str]) -> Numbers:
    """Of short fits of the recipes, and of servers of some."""
    found: Numbers = {}
    for name in names:
        print(name, flush=True)
        run = folder / name
        found |= _of_fit(name, run)
        if name in _SERVED:
            found |= _of_server(name, run)
    return found


def _of_fit(name: str, run: Path) -> Numbers:
    command = [sys.executable, "-m", "recsys.command", "fit", f"--config={CONFIGS}/{name}.yaml", f"--run.name={name}"]
    command += [f"--run.{where}={run}/{where}" for where in ("artifacts", "checkpoints")]
    command += [f"--trainer.logger.init_args.save_dir={run}/logs", f"--trainer.max_epochs={_EPOCHS}"]
    if name.startswith("best-"):
        command += ["--model.init_args.burn_in=4"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}  # more of them add in another order
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=one_thread)
    model = artifact.load(run / "artifacts" / "latest")
    metrics = {key: value for key, value in model.manifest.metrics.items() if key not in _OF_THE_RUN}
    logs = sorted((run / "logs").rglob("metrics.csv"))
    return {
        **{f"{name}, log {number}": _hash(file.read_bytes()) for number, file in enumerate(logs)},
        **{f"{name}, {key}": repr(value) for key, value in metrics.items()},
        **{f"{name}, array {key}": _hash_of_array(array) for key, array in model.arrays.items()},
    }


def _of_server(name: str, run: Path) -> Numbers:
    found: Numbers = {}
    chance = random.Random(0)
    with ServerProcess.of_artifact(run / "artifacts" / "latest", run / "log") as server:
        known = sorted(operations(server), key=lambda operation: operation[:2])
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        for number in range(_REQUESTS + len(known)):
            method, path, headers, body = _right(known[number]) if number < len(known) else request(chance, known)
            headers["X-Request-ID"] = "same"
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
            kept = [f"{header}: {answer.headers.get(header)}" for header in _HEADERS]
            if path == "/metrics":
                content = b"counts and seconds"
            version = answer.headers.get("X-Model-Version", "no version")
            said = _CHANGING.sub(b"", content.replace(version.encode(), b""))
            found[f"{name}, request {number}: {method} {path[:100]}"] = f"{answer.status} {kept} {_hash(said)}"
            if answer.will_close:
                connection.close()
        connection.close()
    return found


def _right(operation: Operation) -> tuple[str, str, dict[str, str], bytes | None]:
    """The request that the documentation of an operation gives as its example, of user 196 and item 242."""
    method, path, parameters, example = operation
    examples = {"user_id": "196", "item_id": "242"}
    query = {p["name"]: examples[p["name"]] for p in parameters if p["in"] == "query" and p["name"] in examples}
    for parameter in parameters:
        path = path.replace(f"{{{parameter['name']}}}", examples.get(parameter["name"], "recsys"))
    if query:
        path += f"?{urlencode(query)}"
    return method, path, {"Content-Type": "application/json"}, example


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _hash_of_array(array: artifact.Array) -> str:
    return f"{array.dtype}{list(array.shape)} {_hash(np.ascontiguousarray(array).tobytes())}"


def differences(before: Numbers, after: Numbers) -> list[str]:
    """A line for each number that is not the same, or that one of the two does not have."""
    return [
        f"{what}: {before.get(what, 'nothing')} before, {after.get(what, 'nothing')} after"
        for what in sorted(before.keys() | after.keys())
        if before.get(what) != after.get(what)
    ]


def is_numbers(content: dict[str, Any]) -> bool:
    """Whether a file's content is what `--json` writes."""
    return "commit" in content and all(isinstance(number, str) for number in content["numbers"].values())


def main() -> None:
    """Measure, and write or compare.

    Raises:
        SystemExit: numbers differ; the message names them.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    chosen = parser.add_mutually_exclusive_group(required=True)
    of_numbers = results_file(is_numbers)
    chosen.add_argument("--json", type=of_numbers, metavar="FILE", help="write the numbers to this file")
    chosen.add_argument(
        "--against", type=of_numbers, metavar="FILE", help="compare the numbers with those in this file"
    )
    parser.add_argument("--recipes", nargs="+", choices=recipe_names(), default=recipe_names(), help="default: all")
    arguments = parser.parse_args()
    if arguments.against and not arguments.against.is_file():
        parser.error(f"argument --against: there is no file {arguments.against}")
    before: dict[str, Any] = json.loads(arguments.against.read_text()) if arguments.against else {}
    with tempfile.TemporaryDirectory() as folder:
        found = numbers(Path(folder), arguments.recipes)
    if arguments.json:
        write_atomically(arguments.json, json.dumps({**environment(), "numbers": found}, indent=2).encode())
        print(f"{len(found)} numbers are in {arguments.json}")
        return
    wanted = {what: value for what, value in before["numbers"].items() if what.split(",")[0] in arguments.recipes}
    if different := differences(wanted, found):
        raise SystemExit("\n".join([*different, f"{len(different)} of {len(wanted)} numbers differ"]))
    print(f"all {len(wanted)} numbers are the same as at commit {before['commit']}")


if __name__ == "__main__":
    main()
