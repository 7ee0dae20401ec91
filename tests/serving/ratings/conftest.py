"""Databases of ratings: a file of SQLite, and a PostgreSQL server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from benchmarks.faults.ratings.postgresql import PostgreSQL, programs


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a running PostgreSQL server; without one installed the test is skipped, or fails under CI."""
    if programs() is None and not os.environ.get("CI"):
        pytest.skip("PostgreSQL is not installed; on Debian: apt-get install postgresql")
    with PostgreSQL() as server:
        yield server.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that no other test writes to."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ratings.db"
    server: str = request.getfixturevalue("postgresql")
    name = f"ratings_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return engine.url.set(database=name).render_as_string(hide_password=False)
