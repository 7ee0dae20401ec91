"""A database of ratings: many changes in one transaction, and the ratings of users."""

from __future__ import annotations

import logging
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Protocol

from sqlalchemy.engine import Engine
from sqlalchemy.exc import DataError, DBAPIError

from data.database.connecting import open_table, said, shown
from data.database.rows import Stored
from serving.ratings.changes import Change, Delete, DeleteUser, Outcome, Pair, Put, Value, decided
from serving.ratings.errors import StoreError

logger = logging.getLogger("serving")

_TRIES = 3  # of a transaction: two servers may insert the same pair, or wait for each other
_ERRORS = (DBAPIError, sqlite3.Error)


class Transaction(Protocol):
    """What is read and written between the begin and the end of a transaction."""

    def stored(self, pairs: Sequence[Pair]) -> dict[Pair, Value]:
        """What is stored of pairs, which nobody else changes until the end; those without a rating are left out."""

    def write(self, before: dict[Pair, Value], after: dict[Pair, Value | None]) -> None:
        """Store what pairs have after, None for nothing, in place of what was there before."""

    def delete_user(self, user: str) -> int:
        """Delete all that is stored of a user; how many ratings."""


class Database(ABC):
    """A database that several processes, and machines, may share. Its methods wait for it."""

    def __init__(self, engine: Engine) -> None:
        """Make its table if there is none.

        Raises:
            DatabaseError: it cannot be reached or written to.
        """
        self._engine = engine
        open_table(engine)

    def commit(self, changes: Sequence[Change]) -> Sequence[Outcome | int | Exception]:
        """Make changes in one transaction, in their order; what is returned has been committed.

        Returns:
            For each change of a pair an `Outcome`, of a user how many ratings were deleted, or a `StoreError`.
        """
        for tries_left in reversed(range(_TRIES)):
            try:
                with self._transaction() as transaction:
                    return list(_made(transaction, changes))
            except (DataError, sqlite3.DataError) as error:  # of one, for which the others shall not suffer
                if len(changes) == 1:
                    return [self._failed(error)]
                return [answer for change in changes for answer in self.commit([change])]
            except _ERRORS as error:
                if not tries_left:
                    return [self._failed(error)] * len(changes)
                time.sleep(0.02)
        raise AssertionError("the last try returns")

    def of_users(self, asked: Sequence[Sequence[str]]) -> list[dict[str, list[Stored]]]:
        """The ratings of the users that each of several requests asks for, read together.

        Raises:
            StoreError: they cannot be read.
        """
        every = list(dict.fromkeys(user for users in asked for user in users))
        try:
            found = self._read(every)
        except _ERRORS:  # the database may have been started anew
            try:
                found = self._read(every)
            except _ERRORS as error:
                raise self._failed(error) from error
        return [{user: found[user] for user in users if user in found} for users in asked]

    def few_of_user(self, user: str, most: int) -> list[Stored] | None:
        """The ratings of a user, without waiting for anything; None if that cannot be, or if they are more."""
        return None

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction, committed at the end of the block, or undone if that raises."""

    @abstractmethod
    def _read(self, users: Sequence[str]) -> dict[str, list[Stored]]:
        """The ratings of users; those without any are left out. After an error, the next call connects anew."""

    def _failed(self, error: Exception) -> StoreError:
        reason = said(error) if isinstance(error, DBAPIError) else error
        logger.error("%s: %s", shown(self._engine.url), reason)
        return StoreError()


def _made(transaction: Transaction, changes: Sequence[Change]) -> Iterator[Outcome | int]:
    for _, some in groupby(changes, lambda change: isinstance(change, DeleteUser)):
        of_pairs = list[Put | Delete]()
        for change in some:
            if isinstance(change, DeleteUser):
                yield transaction.delete_user(change.user_id)
            else:
                of_pairs.append(change)
        if of_pairs:
            yield from _of_pairs(transaction, of_pairs)


def _of_pairs(transaction: Transaction, changes: Sequence[Put | Delete]) -> list[Outcome]:
    """Read what is stored of all pairs, decide, and write what has become of them."""
    pairs = sorted({change.pair for change in changes})  # every server in one order, so that none waits for another
    before = transaction.stored(pairs)
    after: dict[Pair, Value | None] = dict.fromkeys(pairs)
    after.update(before)
    outcomes = []
    for change in changes:
        outcome = decided(change, after[change.pair])
        after[change.pair] = outcome.after
        outcomes.append(outcome)
    transaction.write(before, after)
    return outcomes
