"""Which kind of database a URL names."""

from __future__ import annotations

from data.database.connecting import engine_of
from serving.ratings.database import Database
from serving.ratings.sql import SqlDatabase
from serving.ratings.sqlite import SqliteDatabase


def open_database(url: str) -> Database:
    """Open a database of ratings, and make its table if there is none.

    Raises:
        DatabaseError: it cannot be reached or written to, or the URL is none.
    """
    engine = engine_of(url)
    return SqliteDatabase(engine) if engine.dialect.name == "sqlite" else SqlDatabase(engine)
