"""Clients that put ratings without a pause, and remember which were acknowledged."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks.faults.load import InThreads, answered
from benchmarks.faults.outcome import Outcome

KEY = "0123456789abcdef"
_ITEMS = 40  # that a client rates over and over
_TIMEOUT = 60  # seconds


class Rating(NamedTuple):
    """What is stored of a pair."""

    rating: float
    timestamp: int


Pair = tuple[int, int]


@dataclass
class Rater:
    """A user who rates items, each time at a later time; what was answered, and what may have been stored."""

    user: int
    seed: int
    acknowledged: dict[Pair, Rating] = field(default_factory=dict)
    unsure: dict[Pair, list[Rating]] = field(default_factory=dict)
    """Put after what was acknowledged, and not answered."""
    answers: int = 0
    refused: int = 0
    """Answers with status 503: the database did not answer."""
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    """Connections that ended before the answer came."""
    clock: int = 0

    def put_until(self, port: int, stop: threading.Event) -> None:
        """Put one rating after the other until told to stop."""
        rng = np.random.default_rng([self.seed, self.clock])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
        headers = {"Content-Type": "application/json", "X-API-Key": KEY}
        while not stop.is_set():
            self.clock += 1
            pair, put = (self.user, int(rng.integers(_ITEMS))), Rating(float(rng.integers(1, 6)), self.clock)
            self.unsure.setdefault(pair, []).append(put)
            body = json.dumps(put._asdict())
            answer = answered(connection, "PUT", f"/v1/users/{pair[0]}/ratings/{pair[1]}", body, headers)
            if answer is None:
                self.broken += 1
                continue
            self._note(*answer, pair, put)
        connection.close()

    def _note(self, status: int, content: bytes, pair: Pair, put: Rating) -> None:
        if status in (200, 201):
            self.answers += 1
            self.acknowledged[pair] = put
            self.unsure[pair].clear()
        elif status == 503:
            self.refused += 1
        else:
            self.wrong.append(f"{status} {content[:200]!r}")

    def check(self, stored: Mapping[Pair, Rating], outcome: Outcome) -> None:
        """Count acknowledged ratings that are not stored, and stored ones that were never put."""
        for pair in self.acknowledged.keys() | self.unsure.keys():
            known = self.acknowledged.get(pair)
            found = stored.get(pair)
            if found != known and found not in self.unsure.get(pair, []):
                kind = "wrong" if known is not None else "corrupt"
                outcome.count(kind, f"{pair}: {found} is stored, {known} was acknowledged")


class Raters(InThreads):
    """Some users who rate in threads, while the context lasts, at a server on a port."""

    def __init__(self, raters: list[Rater], port: int) -> None:
        """Set them up."""
        super().__init__(partial(rater.put_until, port) for rater in raters)
