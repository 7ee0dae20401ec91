"""Servers and databases that are killed while ratings are put: what was acknowledged must be stored, once."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.processes import eventually
from benchmarks.faults.progress import moments
from benchmarks.faults.ratings.load import KEY, Pair, Rater, Raters, Rating
from benchmarks.faults.ratings.postgresql import PostgreSQL
from benchmarks.faults.servers import workers_of
from benchmarks.server_process import ServerProcess
from data.database.connecting import engine_of
from data.database.reading import all_in_blocks

_RATERS = 8
_LONGEST = 0.6  # seconds from the first PUT to the kill


def of_servers(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Kill servers of one and two workers that keep ratings in a file of SQLite, one after the other."""
    outcome = Outcome("kill -9 of a server that keeps ratings")
    url = f"sqlite:///{folder}/ratings.db"
    raters = [Rater(user, user) for user in range(_RATERS)]
    for number in moments(outcome, count):
        settings = {"RECSYS_API_KEY": KEY, "RECSYS_RATINGS_DATABASE": url, "RECSYS_WORKERS": str(1 + number % 2)}
        server = ServerProcess.of_artifact(source, folder / "log", **settings)
        with Raters(raters, server.port):
            time.sleep(rng.uniform(0, _LONGEST))
            children = workers_of(server.pid)
            server.kill()
            outcome.moments += 1
        _wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in children))  # noqa: B023  # at once
        _check(url, raters, outcome)
    _check_answers(raters, outcome)
    return outcome


def of_databases(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Kill a PostgreSQL server and all its children while a server of two workers keeps ratings in it."""
    outcome = Outcome("kill -9 of the database of ratings")
    with PostgreSQL() as database:
        settings = {"RECSYS_API_KEY": KEY, "RECSYS_RATINGS_DATABASE": database.url, "RECSYS_WORKERS": "2"}
        with ServerProcess.of_artifact(source, folder / "log", **settings) as server:
            raters = [Rater(user, user) for user in range(_RATERS)]
            for _ in moments(outcome, count):
                with Raters(raters, server.port):
                    answered = sum(rater.answers for rater in raters)
                    _wait_until(lambda: sum(rater.answers for rater in raters) > answered + _RATERS)  # noqa: B023  # at once
                    time.sleep(rng.uniform(0, _LONGEST))
                    database.kill()
                    outcome.moments += 1
                database.start()
                _check(database.url, raters, outcome)
            broken = sum(rater.broken for rater in raters)
            if broken:
                outcome.count("failed", f"{broken} connections broke although the server was not killed")
    _check_answers(raters, outcome)
    return outcome


def _check(url: str, raters: list[Rater], outcome: Outcome) -> None:
    engine = engine_of(url)
    rows = [row for block in all_in_blocks(engine) for row in block]
    engine.dispose()
    stored: dict[Pair, Rating] = {}
    for row in rows:
        pair = int(row.user_id), int(row.item_id)
        if pair in stored:
            outcome.count("corrupt", f"{pair} is stored twice")
        stored[pair] = Rating(row.rating, row.timestamp)
    for rater in raters:
        rater.check(stored, outcome)


def _check_answers(raters: list[Rater], outcome: Outcome) -> None:
    for rater in raters:
        for problem in rater.wrong:
            outcome.count("errors", problem)
    if not all(rater.acknowledged for rater in raters):
        outcome.count("failed", f"of {_RATERS} users some had no rating acknowledged at all")


def _wait_until(holds: Callable[[], bool]) -> None:
    if not eventually(holds):
        raise TimeoutError(f"process {os.getpid()} waits in vain")
