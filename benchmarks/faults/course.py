"""The course of a fit, known by the checkpoints it writes: a moment of it is found again when the machine is slower."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

_LOOKS_EVERY = 0.005  # seconds
_LONGEST = 300  # seconds


class Course:
    """Seconds from the start of a fit to each of its checkpoints, and to its end."""

    def __init__(self, fit: ForkServerProcess, folder: Path) -> None:
        """Watch a fit that has just been started, in its folder, until it ends.

        Raises:
            RuntimeError: it fails.
            TimeoutError: it does not end.
        """
        begun = time.perf_counter()
        self._times = [0.0, *(time.perf_counter() - begun for _ in _checkpoints(fit, folder))]
        if fit.exitcode != 0:
            raise RuntimeError(f"a fit failed without a fault: {(folder / 'output').read_text()[-2000:]}")
        self._times.append(time.perf_counter() - begun)

    def wait(self, fit: ForkServerProcess, folder: Path, share: float) -> bool:
        """Wait until another fit has come as far as this one had after a share of its time; whether it still runs.

        That is: until it has written as many checkpoints, and then for as long as this one took beyond its last.
        """
        moment = share * self._times[-1]
        before = bisect_right(self._times, moment, hi=len(self._times) - 1) - 1
        seen = _checkpoints(fit, folder)
        for _ in range(before):
            next(seen, None)
        fit.join(moment - self._times[before])
        return fit.is_alive()


def _checkpoints(fit: ForkServerProcess, folder: Path) -> Iterator[None]:
    """One item for each checkpoint that a fit writes, until it ends.

    Raises:
        TimeoutError: it does not end.
    """
    seen = set()
    end = time.monotonic() + _LONGEST
    while fit.is_alive():
        for file in folder.glob("checkpoints/*/*.ckpt"):
            with suppress(FileNotFoundError):  # it is being replaced
                written = file.stat().st_mtime_ns
                if written not in seen:
                    seen.add(written)
                    yield
        if time.monotonic() > end:
            fit.kill()
            raise TimeoutError(f"a fit in {folder} does not end")
        fit.join(_LOOKS_EVERY)
