"""A server in a process of its own, to be measured from outside."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

SECONDS_TO_START = 60


class ServerProcess:
    """A running server on a free port of loopback; a context, at whose end it is told to stop."""

    def __init__(self, module: list[str], port: int, ready: str, log: Path, **environment: str) -> None:
        """Start it, with both streams in a file, and wait until it is ready.

        Raises:
            SystemExit: it ends, or does not become ready.
        """
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        begun = time.perf_counter()
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *module], env={**os.environ, **environment}, stdout=file, stderr=file
            )
        while self._status(ready) != 200:
            if self._process.poll() is not None or time.perf_counter() - begun > SECONDS_TO_START:
                self._process.kill()
                raise SystemExit(f"{' '.join(module)} did not become ready: {log.read_text()[-2000:]}")
            time.sleep(0.005)
        self.seconds_to_ready = time.perf_counter() - begun

    @classmethod
    def of_artifact(cls, directory: Path, log: Path, **settings: str) -> Self:
        """The real server, with one worker unless its settings, environment variables, say otherwise."""
        port = free_port()
        own = {"RECSYS_ARTIFACT": str(directory), "RECSYS_PORT": str(port)}
        return cls(["serving.app"], port, "/health/ready", log, **own, **settings)

    @classmethod
    def bare(cls, get_answer: bytes, post_answer: bytes, log: Path) -> Self:
        """One worker of a bare FastAPI application that gives these answers."""
        port = free_port()
        module = ["benchmarks.serving_load.bare_server", str(port), get_answer.decode(), post_answer.decode()]
        return cls(module, port, "/rating", log)

    def ask(self, method: str, path: str, body: str | None = None) -> bytes:
        """The body of one answer.

        Raises:
            SystemExit: the server refuses.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {content.decode()}")
        return content

    @property
    def pid(self) -> int:
        """Of the process that was started; with several workers, their parent."""
        return self._process.pid

    def kill(self) -> None:
        """End it at once, by SIGKILL."""
        self._process.kill()
        self._process.wait()

    def memory(self, field: str) -> float:
        """Megabytes of a field of /proc/PID/status: VmRSS, resident now, or VmHWM, at most so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB$", status, re.MULTILINE)
        if found is None:
            raise SystemExit(f"/proc/{self._process.pid}/status has no {field}")
        return round(int(found[1]) * 1024 / 1e6, 1)

    def loads(self) -> int:
        """How many artefacts the server has loaded since its start."""
        text = self.ask("GET", "/metrics").decode()
        return sum(
            int(float(n)) for n in re.findall(r'^recsys_model_loads_total\{outcome="loaded"\} (\S+)$', text, re.M)
        )

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(self, *reason: object) -> None:
        """Tell it to stop, and wait."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(timeout=30)

    def _status(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
