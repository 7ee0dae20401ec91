"""Run a command in several processes, and end all of them when one fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from torch.distributed import TCPStore  # type: ignore[attr-defined]  # torch does not list it

from recsys.command.processes.joining import is_member, join
from recsys.errors import CommandError

_LOOK = 0.1  # seconds between two looks at the processes
_GRACE = 3.0  # seconds in which the others may say what they have to
_STUBBORN = 5.0  # seconds after SIGTERM, such as in a write to a slow disk
_ADDRESS = "127.0.0.1"


@dataclass(frozen=True)
class _Child:
    place: int
    process: subprocess.Popen[bytes]
    output: IO[bytes] | None
    """What it has said; None of the first, which speaks for all."""


def take_part(arguments: list[str], processes: int) -> None:
    """Be one of so many processes that run `recsys` with these arguments; or start them all, and end when they do.

    Raises:
        CommandError: one of them failed, or there are not as many.
    """
    if is_member():
        join(processes)
    else:
        launch(arguments, processes)
        sys.exit()


def launch(arguments: list[str], processes: int, program: str = "recsys.command.processes.child") -> None:
    """Run `recsys`, or another program, with these arguments in so many processes of this machine; wait for all.

    Raises:
        CommandError: one of them failed, or was ended; the message names it, and none is left.
        SystemExit: the first failed, with its status.
    """
    store = TCPStore(_ADDRESS, 0, is_master=True, wait_for_workers=False)
    with tempfile.TemporaryDirectory() as folder:
        children: list[_Child] = []
        try:
            for place in range(processes):
                children.append(_started([program, *arguments], place, processes, store.port, Path(folder)))
            with _passing_signals_on(children):
                while not (failed := _failed(children)) and any(each.process.poll() is None for each in children):
                    time.sleep(_LOOK)
                if failed:
                    _wait(children, _GRACE)
                    reason = _failed(children)[0]
                    if reason.output is None and (status := reason.process.returncode) > 0:
                        sys.exit(status)  # it has said why
                    raise CommandError(_said_of(reason, processes))
        finally:
            _end(children)


def _started(program: list[str], place: int, processes: int, port: int, folder: Path) -> _Child:
    environment = {
        **os.environ,
        "RANK": str(place),
        "LOCAL_RANK": str(place),
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": _ADDRESS,
        "MASTER_PORT": str(port),
        "TORCHELASTIC_USE_AGENT_STORE": "True",  # where they meet is in this process
    }
    environment.setdefault("OMP_NUM_THREADS", str(max((os.cpu_count() or 1) // processes, 1)))
    output = (folder / str(place)).open("w+b") if place else None
    process = subprocess.Popen(
        [sys.executable, "-m", *program],
        env=environment,
        stdin=subprocess.PIPE,  # closed when this process ends, however it does
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        process_group=0,  # so that Ctrl-C comes through this process, once
    )
    return _Child(place, process, output)


def _failed(children: list[_Child]) -> list[_Child]:
    """Those that have failed, beginning with the one that is the reason: one that was ended, else the first."""
    failed = [each for each in children if each.process.poll()]
    return sorted(failed, key=lambda each: (each.process.returncode > 0, each.place))


def _said_of(child: _Child, processes: int) -> str:
    status = child.process.returncode
    how = f"was ended by {signal.Signals(-status).name}" if status < 0 else f"failed with status {status}"
    said = ""
    if status > 0 and child.output is not None:
        child.output.seek(0)
        said = child.output.read().decode(errors="replace").strip() + "\n"
    return f"{said}process {child.place} of {processes}, PID {child.process.pid}, {how}; the others were stopped."


def _wait(children: list[_Child], seconds: float) -> None:
    end = time.monotonic() + seconds
    while any(each.process.poll() is None for each in children) and time.monotonic() < end:
        time.sleep(_LOOK)


def _end(children: list[_Child]) -> None:
    for ask in (signal.SIGTERM, signal.SIGKILL):
        for each in children:
            each.process.send_signal(ask)  # to none that has ended already
        _wait(children, _STUBBORN)
    for each in children:
        each.process.communicate()
        if each.output is not None:
            each.output.close()


@contextmanager
def _passing_signals_on(children: list[_Child]) -> Iterator[None]:
    def pass_on(number: int, frame: FrameType | None) -> None:
        for each in children:
            each.process.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
