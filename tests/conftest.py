"""Fixtures that more than one package's tests need."""

from __future__ import annotations

import signal

import pytest

from data.movielens import Ratings, load


def pytest_configure() -> None:
    """Let the processes that tests start be interrupted: a shell has its background jobs ignore Ctrl-C."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def movielens_100k() -> Ratings:
    """Return the real MovieLens 100k, downloaded at most once per machine, from any of its sources."""
    return load("100k")
