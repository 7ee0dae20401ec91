"""A PostgreSQL server of its own, in a folder that is gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from benchmarks.server_process import free_port

_DEBIAN = "/usr/lib/postgresql"  # whose folders of versions have what is not on the path
_USER = "postgres"  # who runs it where this process is root, which it refuses


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    found = shutil.which("initdb")
    if found is not None:
        return Path(found).parent
    return max(Path(_DEBIAN).glob("*/bin"), key=lambda folder: int(folder.parent.name), default=None)


class PostgreSQL:
    """A server on a free port of loopback; a context, at whose end it is stopped."""

    def __init__(self) -> None:
        """Make a database; nothing runs yet.

        Raises:
            FileNotFoundError: PostgreSQL is not installed.
        """
        found = programs()
        if found is None:
            raise FileNotFoundError("PostgreSQL is not installed; on Debian: apt-get install postgresql")
        self._programs = found
        self._folder = Path(tempfile.mkdtemp(prefix="recsys-postgresql-"))
        self._data = self._folder / "data"
        self._as: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self._folder, _USER)
            self._as = ["runuser", "-u", _USER, "--"]
        self._port = free_port()
        self.url = f"postgresql+psycopg://recsys@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "--auth=trust", "--username=recsys", "--encoding=UTF8", "--no-locale", "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it answers; after `kill`, it first recovers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self._folder}/log", "-o", options)

    def kill(self) -> None:
        """End it at once, by SIGKILL, and its children, who would wait for their work to end."""
        pid = int((self._data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGSTOP)  # so that it has no more children than those that are found
        children = [
            int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()
        ]
        for each in (pid, *children):
            os.kill(each, signal.SIGKILL)
        while any(_runs(each) for each in (pid, *children)):
            time.sleep(0.005)
        (self._data / "postmaster.pid").unlink()  # the number may still be that of a process whose parent has not asked

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *reason: object) -> None:
        """Stop it, and remove all of it."""
        try:
            self._run("pg_ctl", "stop", "--mode=immediate", "--silent")
        finally:
            shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as, str(self._programs / program), *arguments, "-D", str(self._data)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self._folder)
        if done.returncode != 0:
            log = self._folder / "log"
            said = log.read_text()[-1000:] if log.exists() else ""
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}{said}")


def _runs(pid: int) -> bool:
    """Whether a process runs; one that has ended may still be listed until its parent asks."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
