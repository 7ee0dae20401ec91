"""The database of ratings: many changes in one transaction, and the ratings of users."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import groupby

from sqlalchemy import Connection, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.exc import DataError, DBAPIError

from data.database.connecting import engine_of, open_table, said, shown
from data.database.reading import of_users
from data.database.rows import Stored
from data.database.table import RATINGS
from serving.ratings.changes import Change, Delete, DeleteUser, Outcome, Pair, Put, Value, decided
from serving.ratings.errors import StoreError

logger = logging.getLogger("serving")

_TRIES = 3  # of a transaction: two servers may insert the same pair, or wait for each other


class Database:
    """A database that several processes, and machines, may share. Its methods wait for it."""

    def __init__(self, url: str) -> None:
        """Open it, and make its table if there is none.

        Raises:
            DatabaseError: it cannot be reached or written to, or the URL is none.
        """
        self._engine = engine_of(url)
        open_table(self._engine)
        self._reading: Connection | None = None

    def commit(self, changes: Sequence[Change]) -> Sequence[Outcome | int | Exception]:
        """Make changes in one transaction, in their order; what is returned has been committed.

        Returns:
            For each change of a pair an `Outcome`, of a user how many ratings were deleted, or a `StoreError`.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                return self._transaction(changes)
            except DataError as error:  # it cannot hold one of them, for which the others shall not suffer
                if len(changes) == 1:
                    return [self._failed(error)]
                return [answer for change in changes for answer in self.commit([change])]
            except DBAPIError as error:
                if not tries_left:
                    return [self._failed(error)] * len(changes)
                time.sleep(0.02)
        raise AssertionError("the last try returns")

    def of_users(self, asked: Sequence[Sequence[str]]) -> list[dict[str, list[Stored]]]:
        """The ratings of the users that each of several requests asks for, in one statement.

        Raises:
            StoreError: they cannot be read.
        """
        every = list(dict.fromkeys(user for users in asked for user in users))
        try:
            found = self._read(every)
        except DBAPIError:  # the database may have been started anew
            try:
                found = self._read(every)
            except DBAPIError as error:
                raise self._failed(error) from error
        return [{user: found[user] for user in users if user in found} for users in asked]

    def close(self) -> None:
        """Close the connections."""
        if self._reading is not None:
            self._reading.close()
        self._engine.dispose()

    def _read(self, users: Sequence[str]) -> dict[str, list[Stored]]:
        """Read by a connection that stays open, since to take one from a pool takes longer than reading."""
        if self._reading is None:
            self._reading = self._engine.connect()
            if self._engine.dialect.name != "sqlite":  # where each statement is by itself already
                self._reading = self._reading.execution_options(isolation_level="AUTOCOMMIT")
        try:
            return of_users(self._reading, users)
        except DBAPIError:
            self._reading.close()
            self._reading = None
            raise

    def _transaction(self, changes: Sequence[Change]) -> list[Outcome | int]:
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # nobody else writes until the end
            return list(_made(connection, changes))

    def _failed(self, error: DBAPIError) -> StoreError:
        logger.error("%s: %s", shown(self._engine.url), said(error))
        return StoreError()


def _made(connection: Connection, changes: Sequence[Change]) -> Iterator[Outcome | int]:
    for is_of_user, some in groupby(changes, lambda change: isinstance(change, DeleteUser)):
        if is_of_user:
            for change in some:
                yield connection.execute(_DELETE_USER, {"user": change[0]}).rowcount
        else:
            yield from _of_pairs(connection, [change for change in some if not isinstance(change, DeleteUser)])


def _of_pairs(connection: Connection, changes: Sequence[Put | Delete]) -> list[Outcome]:
    """Read what is stored of all pairs, decide, and write what has become of them."""
    pairs = sorted({change.pair for change in changes})  # every server in one order, so that none waits for another
    found = connection.execute(_OF_PAIRS, {"pairs": pairs})
    before = {(user, item): Value(rating, timestamp) for user, item, rating, timestamp in found}
    after: dict[Pair, Value | None] = {**before}
    outcomes = []
    for change in changes:
        outcome = decided(change, after.get(change.pair))
        after[change.pair] = outcome.after
        outcomes.append(outcome)
    _write(connection, pairs, before, after)
    return outcomes


def _write(
    connection: Connection, pairs: Sequence[Pair], before: dict[Pair, Value], after: dict[Pair, Value | None]
) -> None:
    inserted, updated, deleted = [], [], []
    for pair in pairs:
        old, new = before.get(pair), after.get(pair)
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
            connection.execute(statement, rows)


_USER, _ITEM = RATINGS.c.user_id, RATINGS.c.item_id
_IS_USER = bindparam("user") == _USER
_IS_PAIR = _IS_USER & (bindparam("item") == _ITEM)
_OF_PAIRS = (
    select(RATINGS)
    .where(tuple_(_USER, _ITEM).in_(bindparam("pairs", expanding=True)))
    .order_by(_USER, _ITEM)
    .with_for_update()  # SQLite does without: nobody else writes
)
_INSERT = insert(RATINGS)
_UPDATE = update(RATINGS).where(_IS_PAIR)
_DELETE = delete(RATINGS).where(_IS_PAIR)
_DELETE_USER = delete(RATINGS).where(_IS_USER)
