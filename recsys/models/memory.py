"""Whether there is memory for a model, asked before it is taken: where there is not, the system may end the process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from recsys.errors import SettingsError

_BYTES = 4  # of a float32


def available_memory() -> int:
    """Bytes that this process can still take without swapping: of the machine, or of the container it runs in."""
    return min(_limits())


def require_memory(what: str, parameters: int, remedy: str) -> None:
    """Check that there is memory for the float32 parameters of a model.

    Training takes four times as much, for the gradient and Adam's two moments, which the message says; predicting does
    not, so parameters alone are asked for here.

    Raises:
        SettingsError: there is not; the message says what is needed, what there is, and `remedy`.
    """
    needed, available = _BYTES * parameters, available_memory()
    if needed > available:
        raise _too_large(what, needed, available, remedy)


def require_memory_to_train(what: str, parameters: int, remedy: str) -> None:
    """Check that there is memory for the gradient and Adam's two moments of a model whose parameters are there.

    Raises:
        SettingsError: there is not; the message is that of `require_memory`.
    """
    needed, available = _BYTES * parameters, available_memory()
    if 3 * needed > available:
        raise _too_large(what, needed, available, remedy)


def _too_large(what: str, needed: int, available: int, remedy: str) -> SettingsError:
    return SettingsError(
        f"{what} needs {_gigabytes(needed)} for its parameters, as much for their gradient, and twice as much for "
        f"Adam's moments: {_gigabytes(4 * needed)} to train; {_gigabytes(available)} are available. {remedy}"
    )


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"


def _limits() -> Iterator[int]:
    yield _free_of_machine()
    group = Path("/sys/fs/cgroup")  # of a container, its own
    try:
        limit = int((group / "memory.max").read_text())
        taken = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        yield limit - int(taken["anon"])  # what is cached of files can be given up
    except (OSError, ValueError, KeyError):  # no limit
        return


def _free_of_machine() -> int:
    try:
        fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return int(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):  # not Linux: what is not used at all, or else all there is
        pages = "SC_AVPHYS_PAGES" if "SC_AVPHYS_PAGES" in os.sysconf_names else "SC_PHYS_PAGES"
        return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE")
