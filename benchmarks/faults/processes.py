"""Work in a process of its own that is killed at a given moment."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

# Children are forked from a process that has imported everything and done nothing yet, so that a random moment falls
# into the work and not into imports.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["benchmarks.faults.work", "recsys.command.lightning_command"])
_PATIENCE = 60  # seconds
_LONGEST = 300  # seconds; work that hangs is an error, and must not hang the campaign


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether something holds within a minute; a busy machine is slow."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def run(work: Callable[..., object], *arguments: Any, folder: Path, kill_after: float | None = None) -> int | None:
    """Do the work in a process; its exit status, None if it was killed, by SIGKILL, after `kill_after` seconds.

    The work runs in `folder`, and what it prints is added to the file `output` there.

    Raises:
        TimeoutError: it does not end.
    """
    process = started(work, *arguments, folder=folder)
    process.join(_LONGEST if kill_after is None else kill_after)
    if process.is_alive():
        process.kill()
        process.join()
        if kill_after is None:
            raise TimeoutError(f"{work.__name__}{arguments} does not end")
        return None
    return process.exitcode


def started(work: Callable[..., object], *arguments: Any, folder: Path) -> ForkServerProcess:
    """A process that does the work, as `run` says."""
    process = _CONTEXT.Process(target=_in_folder, args=(folder, work, arguments))
    process.start()
    return process


def children_of(pid: int | None) -> list[int]:
    """The processes that a process has started, in that order."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return sorted(int(child) for each in lists for child in each.read_text().split())


def seconds(work: Callable[..., object], *arguments: Any, folder: Path) -> float:
    """How long the work takes if nothing happens to it.

    Raises:
        RuntimeError: it fails.
    """
    run(os.getcwd, folder=folder)  # the first process of all waits for the imports
    begun = time.perf_counter()
    if run(work, *arguments, folder=folder) != 0:
        raise RuntimeError(f"{work.__name__} failed without a fault: {(folder / 'output').read_text()[-2000:]}")
    return time.perf_counter() - begun


def _in_folder(folder: Path, work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    os.chdir(folder)
    with (folder / "output").open("a", buffering=1) as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            work(*arguments)
