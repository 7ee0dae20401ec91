"""Downloads, fits and exports that are killed at random moments, and what they leave."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from benchmarks.faults import work
from benchmarks.faults.course import Course
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.processes import children_of, eventually, run, seconds, started
from benchmarks.faults.progress import moments
from data.movielens import catalogue, load_data_set
from data.movielens.download import default_cache, fetch
from recsys import artifact
from recsys.command.checkpoints.reading import read_checkpoint
from recsys.errors import CommandError

# Short fits of a recipe that has everything: two stages, a checkpoint after each epoch, a schedule of its own.
FIT = (
    "--config", str(Path(__file__).parents[2] / "recsys" / "configs" / "embedding-adam-ratio.yaml"),
    "--trainer.max_epochs", "12", "--trainer.check_val_every_n_epoch", "2", "--run.checkpoint_every", "1",
)  # fmt: skip
# The same of the best predictor, by two processes.
SHARED = (
    "--config", "best-ratings", "--trainer.max_epochs", "40", "--data.validation", "0.1", "--run.checkpoint_every", "1",
    "--trainer.devices", "2", "--trainer.strategy", "ddp",
)  # fmt: skip
_SECONDS_TO_END = 30  # for all processes, once one of them was killed
_CHUNKS = 40  # pieces that an archive is served in, with a rest between two, so that kills fall into the download
_EXPORTS = 6  # artefacts that an exporter saves before it ends


def of_downloads(count: int, rng: np.random.Generator, folder: Path) -> Outcome:
    """Kill a process that downloads MovieLens 100k; then load it from what is left, and from the server again."""
    outcome = Outcome("kill -9 during a download")
    archive = fetch(catalogue.find("100k")).archive
    content = (default_cache() / archive.filename).read_bytes()
    expected = load_data_set(catalogue.find("100k"))
    with _serving(content) as url:
        first = folder / "whole"
        first.mkdir()
        duration = seconds(work.download, url, archive.filename, first / "cache", folder=first)
        for number in moments(outcome, count):
            place = folder / str(number)
            place.mkdir()
            arguments = (url, archive.filename, place / "cache")
            status = run(work.download, *arguments, folder=place, kill_after=rng.uniform(0, duration))
            outcome.moments += status is None
            finished = place / "cache" / archive.filename
            if finished.exists() and finished.read_bytes() != content:
                outcome.count("corrupt", f"{finished} is not what was served")
            loaded = load_data_set(work.served_at(url, archive.filename), cache=place / "cache")
            if not np.array_equal(loaded.values, expected.values):
                outcome.count("wrong", f"other ratings from {place}")
            if left := [file.name for file in (place / "cache").iterdir() if file.name.startswith(".unfinished")]:
                outcome.count("corrupt", f"the next load leaves {left}")
    return outcome


def of_fits(count: int, rng: np.random.Generator, folder: Path) -> Outcome:
    """Kill a fit in selection, refit, test or export; resume it, and compare with one that was never stopped."""
    outcome = Outcome("kill -9 during a fit")
    course, expected = _never_stopped(FIT, folder)
    for number in moments(outcome, count):
        place = folder / str(number)
        place.mkdir()
        fit = started(work.fit, *FIT, folder=place)
        course.wait(fit, place, rng.uniform(0, 1))
        fit.kill()
        fit.join()
        killed = fit.exitcode == -signal.SIGKILL
        outcome.moments += killed
        check_artefacts(place / "artifacts", outcome)
        resume = resume_options(place, outcome)
        if not killed or _resumed(FIT, resume, place, outcome):
            check_same(place / "artifacts" / "latest", expected, outcome)
    return outcome


def of_members(count: int, rng: np.random.Generator, folder: Path) -> Outcome:
    """Kill one of two processes of a fit; the other ends as well. Resume it, and compare as in `of_fits`."""
    outcome = Outcome("kill -9 of one of two processes of a fit")
    course, expected = _never_stopped(SHARED, folder)
    for number in moments(outcome, count):
        place = folder / str(number)
        place.mkdir()
        fit = started(work.fit, *SHARED, folder=place)
        eventually(partial(_has_begun, fit.pid))
        members = children_of(fit.pid)
        # Importing takes the first fifth and more.
        if course.wait(fit, place, rng.uniform(0.2, 1)) and _killed(members[rng.integers(2)]):
            outcome.moments += 1
            fit.join(_SECONDS_TO_END)
            if fit.is_alive() or any(Path(f"/proc/{pid}").exists() for pid in members):
                outcome.count("errors", f"processes of {place} are left")
                fit.kill()
            said = (place / "output").read_text()
            if fit.exitcode != 1 or "was ended by SIGKILL" not in said or "Traceback" in said:
                outcome.count("errors", f"status {fit.exitcode}: {said[-500:]}")
            check_artefacts(place / "artifacts", outcome)
            if not _resumed(SHARED, resume_options(place, outcome), place, outcome):
                continue
        fit.join(_SECONDS_TO_END)  # where it was over before the kill
        check_same(place / "artifacts" / "latest", expected, outcome)
    return outcome


def _killed(pid: int) -> bool:
    """Kill a process; whether it had not ended before."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _never_stopped(options: tuple[str, ...], folder: Path) -> tuple[Course, dict[str, npt.NDArray[Any]]]:
    """The course of a fit that nothing happens to, and the arrays of its artefact."""
    whole = folder / "whole"
    whole.mkdir()
    run(os.getcwd, folder=whole)  # the first process of all waits for the imports
    course = Course(started(work.fit, *options, folder=whole), whole)
    return course, artifact.load(whole / "artifacts" / "latest").arrays


def _resumed(options: tuple[str, ...], resume: list[str], place: Path, outcome: Outcome) -> bool:
    """Let a killed fit go on, with the options that name what it has left; whether it came to an end."""
    if run(work.fit, *options, *resume, folder=place) != 0:
        outcome.count("errors", f"the resume {resume} failed: {(place / 'output').read_text()[-500:]}")
        return False
    return True


def of_exports(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Kill a process that saves one artefact after another; `latest` must always load, and nothing may be left over."""
    outcome = Outcome("kill -9 during an export")
    root = folder / "artifacts"
    duration = seconds(work.export, source, root, 0, _EXPORTS, folder=folder)
    for number in moments(outcome, count):
        first = (number + 1) * _EXPORTS
        status = run(work.export, source, root, first, _EXPORTS, folder=folder, kill_after=rng.uniform(0, duration))
        outcome.moments += status is None
        check_artefacts(root, outcome)
    work.export(source, root, 0, 1)
    if left := sorted(file.name for file in root.glob(".writing-*")):
        outcome.count("corrupt", f"the next export leaves {left}")
    return outcome


def check_artefacts(root: Path, outcome: Outcome) -> None:
    """Count folders under a final name that do not load, and a `latest` that leads nowhere."""
    for directory in [*root.glob("2*"), *root.glob("latest")]:
        try:
            artifact.load(directory)
        except artifact.ArtifactError as error:
            outcome.count("corrupt", str(error))
    if (root / "latest").is_symlink() and not (root / "latest").exists():
        outcome.count("corrupt", f"{root}/latest leads nowhere")


def resume_options(place: Path, outcome: Outcome) -> list[str]:
    """The options that go on from the last checkpoint of a killed fit, if there is one."""
    for stage in ("refit", "selection"):
        for checkpoint in place.glob(f"checkpoints/*/{stage}.ckpt"):
            try:
                read_checkpoint(checkpoint)
            except CommandError as error:
                outcome.count("corrupt", str(error))
            else:
                return ["--ckpt_path", str(checkpoint)]
    return []


def check_same(directory: Path, expected: dict[str, artifact.Array], outcome: Outcome) -> None:
    """Count an artefact that is not the expected one to the last bit."""
    try:
        arrays = artifact.load(directory).arrays
    except artifact.ArtifactError as error:
        outcome.count("corrupt", str(error))
        return
    if arrays.keys() != expected.keys() or any(not np.array_equal(arrays[name], expected[name]) for name in expected):
        outcome.count("wrong", f"{directory} has other numbers than a fit that was never stopped")


def _has_begun(pid: int | None) -> bool:
    return len(children_of(pid)) == 2


@contextmanager
def _serving(content: bytes) -> Iterator[str]:
    """A web server that serves `content` piece by piece, about a third of a second for all of it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            size = -(-len(content) // _CHUNKS)
            try:
                for start in range(0, len(content), size):
                    self.wfile.write(content[start : start + size])
                    time.sleep(0.3 / _CHUNKS)
            except ConnectionError:
                pass  # who asked was killed

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/archive.zip"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
