"""Fixtures that more than one package's tests need."""

from __future__ import annotations

import pytest

from data.movielens import Ratings, load


@pytest.fixture(scope="session")
def movielens_100k() -> Ratings:
    """Return the real MovieLens 100k, downloaded at most once per machine, from any of its sources."""
    return load("100k")
