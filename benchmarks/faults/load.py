"""Clients that ask a server without a pause, and check every answer."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import numpy as np

from recsys import artifact

_UNKNOWN = 10**12  # no user or item has this id
_TIMEOUT = 60  # seconds: a worker that died must be replaced by then, on a busy machine, too


def answered(connection: http.client.HTTPConnection, method: str, path: str, *more: Any) -> tuple[int, bytes] | None:
    """Status and content of an answer; None if the connection ends before, which is then begun anew, after a moment.

    `more` are the body and the headers, if there are any.
    """
    try:
        connection.request(method, path, *more)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        time.sleep(0.01)
        return None


class InThreads:
    """Work that goes on in threads while the context lasts; each is told by an event when to stop."""

    def __init__(self, work: Iterable[Callable[[threading.Event], None]]) -> None:
        """Set the threads up."""
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each, args=(self._stop,)) for each in work]

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        """Let each finish what it is at."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


@dataclass
class Client:
    """One connection after the other, to one server; what it saw."""

    port: int
    answers: dict[str, dict[tuple[int, int], float]]
    """By version: the right rating of each pair of ids. Versions may be added while clients ask."""
    requests: int = 0
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    """Connections that ended before the answer came."""

    def ask_until(self, seed: int, stop: threading.Event) -> None:
        """Ask for the ratings of random pairs until told to stop."""
        pairs = list(next(iter(self.answers.values())))
        rng = np.random.default_rng(seed)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_TIMEOUT)
        while not stop.is_set():
            user, item = pairs[rng.integers(len(pairs))]
            answer = answered(connection, "GET", f"/v1/ratings?user_id={user}&item_id={item}")
            if answer is None:
                self.broken += 1
                continue
            self.requests += 1
            self._check(*answer, (user, item))
        connection.close()

    def _check(self, status: int, content: bytes, pair: tuple[int, int]) -> None:
        if status != 200:
            self.wrong.append(f"{status} {content[:200]!r}")
            return
        said = json.loads(content)
        right = self.answers.get(said["version"], {}).get(pair)
        if right is None or abs(said["rating"] - right) > 1e-5:
            self.wrong.append(f"{said} instead of {right}")


class Load(InThreads):
    """Some clients in threads, while the context lasts."""

    def __init__(self, port: int, answers: dict[str, dict[tuple[int, int], float]], clients: int) -> None:
        """Set up the clients."""
        self.clients = [Client(port, answers) for _ in range(clients)]
        super().__init__(partial(client.ask_until, seed) for seed, client in enumerate(self.clients))


def right_answers(model: artifact.Artifact, count: int = 200) -> dict[tuple[int, int], float]:
    """What the artefact itself predicts for some pairs of ids, a quarter of them with an unknown user or item."""
    rng = np.random.default_rng(0)
    known = rng.random((2, count)) < 0.85
    users = np.where(known[0], model.user_ids[rng.integers(model.user_ids.size, size=count)], _UNKNOWN)
    items = np.where(known[1], model.item_ids[rng.integers(model.item_ids.size, size=count)], _UNKNOWN)
    ratings = model.predict(users, items).ratings
    return dict(zip(zip(users.tolist(), items.tolist(), strict=True), ratings.tolist(), strict=True))
