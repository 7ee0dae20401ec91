"""Stored ratings, read: of some users, or all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Engine, bindparam, select

from data.database.rows import Stored, original
from data.database.table import RATINGS

_USERS_AT_ONCE = 500  # below what any database takes as parameters of a statement
_ROWS_AT_ONCE = 100_000
_OF_USERS = select(RATINGS).where(RATINGS.c.user_id.in_(bindparam("users", expanding=True)))


def of_users(connection: Connection, users: Sequence[str]) -> dict[str, list[Stored]]:
    """The ratings of users, who are named as the table has them; those without any are left out."""
    found: dict[str, list[Stored]] = {}
    for begin in range(0, len(users), _USERS_AT_ONCE):
        rows = connection.execute(_OF_USERS, {"users": users[begin : begin + _USERS_AT_ONCE]})
        for user, item, rating, timestamp in rows:
            found.setdefault(user, []).append(Stored(original(user), original(item), rating, timestamp))
    return found


def all_in_blocks(engine: Engine) -> Iterator[list[Stored]]:
    """All ratings as they are at one moment, user by user, in blocks."""
    with engine.connect().execution_options(stream_results=True, max_row_buffer=_ROWS_AT_ONCE) as connection:
        statement = select(RATINGS).order_by(RATINGS.c.user_id, RATINGS.c.item_id)
        for rows in connection.execute(statement).partitions(_ROWS_AT_ONCE):
            yield [Stored(original(user), original(item), rating, timestamp) for user, item, rating, timestamp in rows]
