"""Disks that are full or cannot be written to, while fits, exports and downloads write."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.faults import work
from benchmarks.faults.kills import FIT, check_artefacts, check_same, resume_options
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.processes import run
from benchmarks.faults.progress import moments
from recsys import artifact

_ROOMY = 512 << 20  # bytes
_PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes; a file in memory takes whole ones


def may_mount() -> bool:
    """Whether this process may make small file systems to fill."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


def of_fits(count: int, rng: np.random.Generator, folder: Path) -> Outcome:
    """Fit on a disk that has room for a part of what a fit writes; then give it room and go on."""
    outcome = Outcome("the disk is full during a fit")
    whole = folder / "whole"
    whole.mkdir()
    if run(work.fit, *FIT, folder=whole) != 0:
        raise RuntimeError((whole / "output").read_text()[-2000:])
    expected = artifact.load(whole / "artifacts" / "latest").arrays
    needed = _size(whole)
    for _ in moments(outcome, count):
        with _disk(folder / "disk", int(rng.uniform(0.01, 1.2) * needed)) as disk:
            outcome.moments += 1
            status = run(work.fit, *FIT, folder=disk)
            check_artefacts(disk / "artifacts", outcome)
            resume = resume_options(disk, outcome)
            if status != 0:
                _check_message(status, disk, outcome)
                _resize(disk, _ROOMY)
                if run(work.fit, *FIT, *resume, folder=disk) != 0:
                    outcome.count("errors", f"with room again: {(disk / 'output').read_text()[-500:]}")
                    continue
            check_same(disk / "artifacts" / "latest", expected, outcome)
    return outcome


def of_exports(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Export to a disk that fills up; the artefact before must stay, whole and `latest`."""
    outcome = Outcome("the disk is full during an export")
    needed = _size(source.resolve())
    for _ in moments(outcome, count):
        with _disk(folder / "disk", int(rng.uniform(1.1, 2.2) * needed)) as disk:
            outcome.moments += 1
            first = artifact.save(disk / "artifacts", *work.numbered(artifact.load(source), 1))
            try:
                artifact.save(disk / "artifacts", *work.numbered(artifact.load(source), 2))
            except OSError:
                if (disk / "artifacts" / "latest").resolve() != first:
                    outcome.count("wrong", "latest moved although the export failed")
            check_artefacts(disk / "artifacts", outcome)
            if left := [file.name for file in (disk / "artifacts").glob(".writing-*")]:
                outcome.count("corrupt", f"a failed export leaves {left}")
    return outcome


def read_only(count: int, rng: np.random.Generator, folder: Path) -> Outcome:
    """Fit where nothing, or nothing any more, can be written."""
    outcome = Outcome("the disk is read-only during a fit")
    for number in moments(outcome, count):
        with _disk(folder / "disk", _ROOMY) as disk:
            outcome.moments += 1
            for name in ("artifacts", "checkpoints", "logs")[: number % 4]:
                (disk / name).mkdir()
            output = folder / f"output-{number}"
            output.mkdir()
            _mount("remount,ro", disk)
            options = [f"--run.artifacts={disk}/artifacts", f"--run.checkpoints={disk}/checkpoints",
                       f"--trainer.logger.init_args.save_dir={disk}/logs"]  # fmt: skip
            _check_message(run(work.fit, *FIT, *options, folder=output), output, outcome)
            check_artefacts(disk / "artifacts", outcome)
    return outcome


def _check_message(status: int | None, folder: Path, outcome: Outcome) -> None:
    printed = (folder / "output").read_text()
    if status == 0:
        outcome.count("errors", "a fit that could not write ended as if it had")
    if "Traceback" in printed:
        outcome.count("errors", f"a traceback: {printed[-700:]}")


@contextmanager
def _disk(place: Path, size: int) -> Iterator[Path]:
    """A file system of `size` bytes in memory, mounted at `place`."""
    place.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _resize(place: Path, size: int) -> None:
    _mount(f"remount,size={size}", place)


def _mount(options: str, place: Path) -> None:
    subprocess.run(["mount", "-o", options, str(place)], check=True)


def _size(folder: Path) -> int:
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(-(-file.stat().st_size // _PAGE) * _PAGE for file in files)
