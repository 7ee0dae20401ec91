"""A file of SQLite, by Python's own module: a statement takes a fifth of the time that it takes through SQLAlchemy.

What takes time in Python keeps the event loop waiting, also from another thread. Here that is microseconds between two
steps of a statement, which run without the interpreter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Engine
from typing_extensions import override

from data.database.rows import Stored, original
from data.database.table import RATINGS
from serving.ratings.changes import Pair, Value
from serving.ratings.database import Database, Transaction

_OF_PAIR = f"SELECT rating, timestamp FROM {RATINGS.name} WHERE user_id = ? AND item_id = ?"
_OF_USER = f"SELECT item_id, rating, timestamp FROM {RATINGS.name} WHERE user_id = ? LIMIT ?"
_PUT = f"INSERT OR REPLACE INTO {RATINGS.name} (user_id, item_id, rating, timestamp) VALUES (?, ?, ?, ?)"
_DELETE = f"DELETE FROM {RATINGS.name} WHERE user_id = ? AND item_id = ?"
_DELETE_USER = f"DELETE FROM {RATINGS.name} WHERE user_id = ?"
_ALL = -1  # SQLite's limit for none


class SqliteDatabase(Database):
    """Three connections, each for one thread: one that writes, one that reads, and one that never waits."""

    def __init__(self, engine: Engine) -> None:
        """Make its table if there is none.

        Raises:
            DatabaseError: it cannot be written to.
        """
        super().__init__(engine)
        self._writing, self._reading, self._at_once = (self._connected() for _ in range(3))
        self._at_once.execute("PRAGMA busy_timeout = 0")

    @override
    def few_of_user(self, user: str, most: int) -> list[Stored] | None:
        """Readers wait for no writer; only while a server that was killed is being recovered from is a file busy."""
        try:
            found = _read(self._at_once, user, most + 1)
        except sqlite3.Error:
            return None  # whoever waits will see what is wrong
        return found if len(found) <= most else None

    @override
    def close(self) -> None:
        for connection in (self._writing, self._reading, self._at_once):
            connection.close()
        super().close()

    @override
    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        connection = self._writing
        connection.execute("BEGIN IMMEDIATE")  # nobody else writes until the end
        try:
            yield _Statements(connection)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @override
    def _read(self, users: Sequence[str]) -> dict[str, list[Stored]]:
        try:
            each = ((user, _read(self._reading, user, _ALL)) for user in users)
            return {user: ratings for user, ratings in each if ratings}
        except sqlite3.Error:
            self._reading.close()
            self._reading = self._connected()
            raise

    def _connected(self) -> sqlite3.Connection:
        """A connection as the engine sets them up, and no longer the engine's."""
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert isinstance(connection, sqlite3.Connection)
        pooled.detach()
        return connection


class _Statements:
    """A `Transaction` by a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def stored(self, pairs: Sequence[Pair]) -> dict[Pair, Value]:
        each = ((pair, self._connection.execute(_OF_PAIR, pair).fetchone()) for pair in pairs)
        return {pair: Value(*found) for pair, found in each if found is not None}

    def write(self, before: dict[Pair, Value], after: dict[Pair, Value | None]) -> None:
        changed = [(pair, new) for pair, new in after.items() if new != before.get(pair)]
        self._connection.executemany(_PUT, [(*pair, *new) for pair, new in changed if new is not None])
        self._connection.executemany(_DELETE, [pair for pair, new in changed if new is None])

    def delete_user(self, user: str) -> int:
        return self._connection.execute(_DELETE_USER, (user,)).rowcount


def _read(connection: sqlite3.Connection, user: str, most: int) -> list[Stored]:
    rows = connection.execute(_OF_USER, (user, most)).fetchall()
    user_id = original(user) if rows else user
    return [Stored(user_id, original(item), rating, timestamp) for item, rating, timestamp in rows]
