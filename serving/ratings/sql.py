"""Any database that SQLAlchemy knows, such as PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.exc import DBAPIError
from typing_extensions import override

from data.database.reading import of_users
from data.database.rows import Stored
from data.database.table import RATINGS
from serving.ratings.changes import Pair, Value
from serving.ratings.database import Database, Transaction


class SqlDatabase(Database):
    """Statements of SQLAlchemy's, each for all pairs of a transaction."""

    def __init__(self, engine: Engine) -> None:
        """Make its table if there is none.

        Raises:
            DatabaseError: it cannot be reached or written to.
        """
        super().__init__(engine)
        self._reading: Connection | None = None

    @override
    def close(self) -> None:
        if self._reading is not None:
            self._reading.close()
        super().close()

    @override
    @contextmanager
    def _transaction(self) -> Iterator[Transaction]:
        with self._engine.begin() as connection:
            yield _Statements(connection)

    @override
    def _read(self, users: Sequence[str]) -> dict[str, list[Stored]]:
        """Read by a connection that stays open, since to take one from a pool takes longer than reading."""
        if self._reading is None:
            self._reading = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            return of_users(self._reading, users)
        except DBAPIError:
            self._reading.close()
            self._reading = None
            raise


class _Statements:
    """A `Transaction` by a connection of SQLAlchemy's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def stored(self, pairs: Sequence[Pair]) -> dict[Pair, Value]:
        found = self._connection.execute(_OF_PAIRS, {"pairs": pairs})
        return {(user, item): Value(rating, timestamp) for user, item, rating, timestamp in found}

    def write(self, before: dict[Pair, Value], after: dict[Pair, Value | None]) -> None:
        inserted, updated, deleted = [], [], []
        for pair, new in after.items():
            old = before.get(pair)
            key = {"user": pair[0], "item": pair[1]}
            if new is None:
                if old is not None:
                    deleted.append(key)
            elif old is None:
                inserted.append({"user_id": pair[0], "item_id": pair[1], **new._asdict()})
            elif new != old:
                updated.append({**key, **new._asdict()})
        for statement, rows in ((_INSERT, inserted), (_UPDATE, updated), (_DELETE, deleted)):
            if rows:
                self._connection.execute(statement, rows)

    def delete_user(self, user: str) -> int:
        return self._connection.execute(_DELETE_USER, {"user": user}).rowcount


_USER, _ITEM = RATINGS.c.user_id, RATINGS.c.item_id
_IS_USER = bindparam("user") == _USER
_IS_PAIR = _IS_USER & (bindparam("item") == _ITEM)
_OF_PAIRS = (
    select(RATINGS)
    .where(tuple_(_USER, _ITEM).in_(bindparam("pairs", expanding=True)))
    .order_by(_USER, _ITEM)
    .with_for_update()
)
_INSERT = insert(RATINGS)
_UPDATE = update(RATINGS).where(_IS_PAIR)
_DELETE = delete(RATINGS).where(_IS_PAIR)
_DELETE_USER = delete(RATINGS).where(_IS_USER)
