"""Download one file from the publisher's web server."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from urllib3.exceptions import ReadTimeoutError
from urllib3.util import Retry

from data.errors import SourceError

_BLOCK = 1 << 16  # bytes between two updates of the progress bar


@dataclass(frozen=True)
class HttpLimits:
    """How long to wait for a server, in seconds, and how often to ask again.

    Connecting is given up early, since another source may serve; a server that has answered gets more time.
    """

    connect_timeout: float = 3.0
    connect_retries: int = 1
    read_timeout: float = 10.0
    read_retries: int = 2
    backoff: float = 0.5
    """Seconds, times two, before the second retry, and twice as long before each further one."""


def download(url: str, target: Path, size: int | None, limits: HttpLimits) -> None:
    """Write what `url` serves to the file `target`; `size`, in bytes, is for the progress bar, or the server says it.

    Certificates are always verified.

    Raises:
        SourceError: the server cannot be reached, refuses, stalls or hangs up.
        OSError: `target` cannot be written.
    """
    try:
        with requests.Session() as session:
            session.mount("https://", _adapter(limits))
            session.mount("http://", _adapter(limits))
            timeout = (limits.connect_timeout, limits.read_timeout)
            with session.get(url, stream=True, timeout=timeout) as response:
                response.raise_for_status()
                _save(response, target, size)
    except requests.RequestException as error:
        raise SourceError(_explained(error, limits)) from error


def _adapter(limits: HttpLimits) -> HTTPAdapter:
    retry = Retry(
        total=None,  # the limits below count instead
        connect=limits.connect_retries,
        read=limits.read_retries,
        status=limits.read_retries,
        other=0,  # a refused certificate, which another attempt does not mend
        status_forcelist=(500, 502, 503, 504),
        backoff_factor=limits.backoff,
        raise_on_status=False,  # leave it to raise_for_status, which names the answer
    )
    return HTTPAdapter(max_retries=retry)


def _save(response: requests.Response, target: Path, size: int | None) -> None:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True))
    # In a pipe it is never started: old versions of rich print an empty line there when a bar ends, even if disabled.
    with target.open("wb") as file, progress if sys.stderr.isatty() else nullcontext():
        task = progress.add_task(target.name, total=size or _length(response))
        for block in response.iter_content(_BLOCK):
            file.write(block)
            progress.advance(task, len(block))


def _length(response: requests.Response) -> int | None:
    """How many bytes the server says it sends, if it says so."""
    said = response.headers.get("Content-Length", "")
    return int(said) if said.isdecimal() else None


def _explained(error: requests.RequestException, limits: HttpLimits) -> str:
    """Put into a few words what requests says in many."""
    if isinstance(_cause(error), ReadTimeoutError):
        return f"it sent nothing for {limits.read_timeout:g} s"
    match error:
        case requests.exceptions.SSLError():
            return f"there is no connection that its certificate secures: {_cause(error)}"
        case requests.ConnectTimeout():
            return f"it did not accept a connection within {limits.connect_timeout:g} s"
        case requests.HTTPError():
            return f"it answered {error.response.status_code} {error.response.reason}"
        case requests.exceptions.ChunkedEncodingError():
            return "it hung up in the middle of the file"
    return f"it could not be reached: {_cause(error)}"


def _cause(error: requests.RequestException) -> object:
    """Return what urllib3 reported, of several attempts the last, instead of the layers around it."""
    reported = error.args[0] if error.args else error
    return getattr(reported, "reason", reported)
