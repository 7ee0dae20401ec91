"""Fixtures that more than one package's tests need."""

from __future__ import annotations

import gc
import signal

import pytest
from hypothesis import settings

from data.movielens import Ratings, load


def pytest_configure() -> None:
    """Let the processes that tests start be interrupted, as a shell does not its background jobs; time no example."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile("untimed", settings.default, deadline=None)  # no test asserts a time
    settings.load_profile("untimed")
    gc.disable()  # while tests are imported, and with them torch, nearly nothing is garbage


def pytest_collection_finish() -> None:
    """Leave what was imported out of every search for garbage from here on."""
    gc.enable()
    gc.freeze()


@pytest.fixture(scope="session")
def movielens_100k() -> Ratings:
    """Return the real MovieLens 100k, downloaded at most once per machine, from any of its sources."""
    return load("100k")
