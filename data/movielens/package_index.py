"""Download a wheel with pip, from whatever package index this machine is set up with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from data.errors import SourceError

_TIMEOUT = 120.0  # seconds for all of it: enough for a few megabytes over a slow line
_SOCKET_TIMEOUT = 10  # seconds without an answer; pip's own 15, five times over, is long to wait at a prompt
_RETRIES = 1


def download_wheel(project: str, version: str, directory: Path) -> None:
    """Put the wheel of a project into a directory, which need not be empty. Raises SourceError."""
    command = [
        sys.executable,
        *("-m", "pip", "download"),
        *("--no-deps", "--only-binary", ":all:"),
        *("--disable-pip-version-check", "--no-input", "--quiet"),
        *("--retries", str(_RETRIES), "--timeout", str(_SOCKET_TIMEOUT)),
        *("--dest", str(directory)),
        f"{project}=={version}",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"pip did not finish within {_TIMEOUT:g} s") from error
    if done.returncode != 0:
        raise SourceError(f"pip said: {_last_line(done.stderr)}")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "nothing"
