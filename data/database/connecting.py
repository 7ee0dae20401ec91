"""Connections to a database of ratings, by its SQLAlchemy URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from data.database.table import METADATA, RATINGS
from data.errors import DatabaseError

# Several processes write to a file of SQLite by turns, each for some milliseconds; a disk may be slow.
_SQLITE_PATIENCE = 10_000  # milliseconds


def engine_of(url: str) -> Engine:
    """What connects to a database; nothing is asked of it yet.

    A file of SQLite has its log beside it (WAL), so that readers never wait for a writer, and a commit returns when the
    disk says that it has it (synchronous=FULL): neither a killed process nor a power cut takes back what was committed.

    Raises:
        DatabaseError: the URL is none, its driver is not installed, or it keeps nothing.
    """
    parsed = _parsed(url)
    try:
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() != "sqlite")
    except ModuleNotFoundError as error:
        raise DatabaseError(
            f"{shown(parsed)} needs the driver {error.name}, which is not installed: pip install {error.name}"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    return engine


def open_table(engine: Engine) -> None:
    """Make the table of ratings if there is none.

    Raises:
        DatabaseError: the database cannot be reached or written to, or has another table of this name.
    """
    try:
        _create(engine)
        with engine.connect() as connection:
            connection.execute(select(RATINGS).limit(0))
    except DBAPIError as error:
        raise DatabaseError(f"{shown(engine.url)} cannot keep ratings: {said(error)}") from error


def require_table(engine: Engine) -> None:
    """Check that there is a table of ratings to read.

    Raises:
        DatabaseError: there is none, or the database cannot be reached.
    """
    is_missing_file = engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists()
    try:
        if is_missing_file or not inspect(engine).has_table(RATINGS.name):  # SQLite would make the file
            raise DatabaseError(
                f"{shown(engine.url)} has no table {RATINGS.name}; give the RECSYS_RATINGS_DATABASE of a server."
            )
    except DBAPIError as error:
        raise DatabaseError(f"{shown(engine.url)} cannot be read: {said(error)}") from error


def shown(url: URL) -> str:
    """A URL for a person to read, without its password."""
    return url.render_as_string(hide_password=True)


def said(error: DBAPIError) -> str:
    """What a database says is wrong, in a line."""
    return " ".join(str(error.orig).split())


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        dialect = parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise DatabaseError(
            "this is no URL of a database that SQLAlchemy knows; one is sqlite:///ratings.db, or "
            "postgresql+psycopg://user:password@host/name"
        ) from error
    if dialect.name == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise DatabaseError(f"{shown(parsed)} keeps ratings in memory alone; name a file, as in sqlite:///ratings.db")
    return parsed


def _create(engine: Engine) -> None:
    try:
        METADATA.create_all(engine)
    except DBAPIError:
        if not inspect(engine).has_table(RATINGS.name):  # else another server has made it at the same moment
            raise


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say, and not before some statements
    connection.execute(f"PRAGMA busy_timeout = {_SQLITE_PATIENCE}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten, and not only forgotten
