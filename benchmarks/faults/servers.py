"""Servers and exporters that are killed at random moments while clients ask."""

from __future__ import annotations

import json
import math
import os
import signal
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.faults import work
from benchmarks.faults.kills import check_artefacts
from benchmarks.faults.load import Load, right_answers
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.processes import eventually, run, seconds
from benchmarks.faults.progress import moments
from benchmarks.server_process import ServerProcess
from recsys import artifact

_CLIENTS = 8
_EXPORTS = 3  # artefacts that an exporter saves before it ends


def during_reloads(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Kill exporters while a server follows what they leave and clients ask it."""
    outcome = Outcome("kill -9 of an exporter while a server reloads")
    model, root = artifact.load(source), folder / "artifacts"
    answers = _numbered_answers(model, (count + 1) * _EXPORTS, folder)
    duration = seconds(work.export, source, root, 0, _EXPORTS, folder=folder)
    settings = {"RECSYS_RELOAD_SECONDS": "0.05"}
    with ServerProcess.of_artifact(root / "latest", folder / "log", **settings) as server:
        with Load(server.port, answers, _CLIENTS) as load:
            for number in moments(outcome, count):
                numbers = (number % count + 1) * _EXPORTS
                moment = rng.uniform(0, duration)
                status = run(work.export, source, root, numbers, _EXPORTS, folder=folder, kill_after=moment)
                outcome.moments += status is None
                check_artefacts(root, outcome)
            if not _follows(server, artifact.load(root / "latest").manifest.version):
                outcome.count("wrong", "the server does not answer from the artefact that is latest")
        _count(outcome, load, breaks_allowed=0)
        _check_log(outcome, folder / "log")
    return outcome


def of_workers(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Kill workers one after the other while clients ask; only requests under way in a killed one may be lost."""
    outcome = Outcome("kill -9 of a worker")
    model = artifact.load(source)
    settings = {"RECSYS_WORKERS": "2"}
    with ServerProcess.of_artifact(source, folder / "log", **settings) as server:
        answers = {model.manifest.version: right_answers(model)}
        with Load(server.port, answers, _CLIENTS) as load:
            for _ in moments(outcome, count):
                if not eventually(lambda: bool(workers_of(server.pid))):
                    raise RuntimeError("no worker takes the place of those that were killed")
                os.kill(int(rng.choice(workers_of(server.pid))), signal.SIGKILL)
                outcome.moments += 1
                time.sleep(rng.uniform(0.2, 1.5))
        _count(outcome, load, breaks_allowed=count)
        if not _follows(server, model.manifest.version):
            outcome.count("failed", "the server does not answer any more")
        _check_log(outcome, folder / "log")
    return outcome


def of_servers(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Kill a whole server while it answers and reloads; no worker may outlive it, and the next one must answer."""
    outcome = Outcome("kill -9 of a server")
    model, root = artifact.load(source), folder / "artifacts"
    answers = _numbered_answers(model, count + 1, folder)
    work.export(source, root, 0, 1)
    for number in moments(outcome, count):
        settings = {"RECSYS_RELOAD_SECONDS": "0.05", "RECSYS_WORKERS": str(1 + number % 2)}
        server = ServerProcess.of_artifact(root / "latest", folder / "log", **settings)
        if not _follows(server, artifact.load(root / "latest").manifest.version):
            outcome.count("wrong", "a server does not answer from the artefact that is latest when it starts")
        with Load(server.port, answers, 1) as load:
            work.export(source, root, number + 1, 1)
            time.sleep(rng.uniform(0, 0.3))
            children = workers_of(server.pid)
            server.kill()
        outcome.moments += 1
        _count(outcome, load, breaks_allowed=math.inf)
        if not eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children)):  # noqa: B023  # at once
            outcome.count("errors", "a worker outlives the server that started it")
    return outcome


def at_saturation(duration: float, every: float, folder: Path, source: Path) -> Outcome:
    """Export a new artefact every few seconds while clients keep the server busy; `moments` counts requests."""
    outcome = Outcome("requests at saturation, with new models")
    model, root = artifact.load(source), folder / "artifacts"
    answers = _numbered_answers(model, int(duration / every) + 2, folder)
    work.export(source, root, 0, 1)
    with ServerProcess.of_artifact(root / "latest", folder / "log", RECSYS_RELOAD_SECONDS="0.2") as server:
        with Load(server.port, answers, _CLIENTS) as load:
            end, exported = time.monotonic() + duration, 0
            while time.monotonic() < end:
                time.sleep(every)
                exported += 1
                work.export(source, root, exported, 1)
                if not _follows(server, artifact.load(root / "latest").manifest.version):
                    outcome.count("wrong", "the server does not answer from the artefact that is latest")
        outcome.moments = sum(client.requests for client in load.clients)
        _count(outcome, load, breaks_allowed=0)
        _check_log(outcome, folder / "log")
    return outcome


def _numbered_answers(model: artifact.Artifact, count: int, folder: Path) -> dict[str, dict[tuple[int, int], float]]:
    """The right answers of the artefacts that `work.export` numbers 0 … count − 1, by version."""
    found = {}
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for number in range(count):
            saved = artifact.load(artifact.save(Path(scratch), *work.numbered(model, number)))
            found[saved.manifest.version] = right_answers(saved)
    return found


def _count(outcome: Outcome, load: Load, breaks_allowed: float) -> None:
    """Count wrong answers, and connections that broke more often than processes were killed."""
    for client in load.clients:
        for problem in client.wrong:
            outcome.count("errors" if problem.startswith("5") else "wrong", problem)
        for _ in range(max(0, client.broken - int(min(breaks_allowed, client.broken)))):
            outcome.count("failed", "a connection broke without a process that was killed")


def _check_log(outcome: Outcome, log: Path) -> None:
    if "Traceback" in (text := log.read_text()):
        outcome.count("errors", f"a traceback in the log: {text[text.index('Traceback') :][:700]}")


def _follows(server: ServerProcess, version: str) -> bool:
    """Whether the server comes to answer from a version."""
    return eventually(lambda: json.loads(server.ask("GET", "/v1/model"))["version"] == version)


def workers_of(pid: int) -> list[int]:
    """The children of a process that answer, whichever thread of it started them."""
    children = [
        int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
    ]
    return [child for child in children if b"serving.process.worker" in _command(child)]


def _command(pid: int) -> bytes:
    """The command line of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
