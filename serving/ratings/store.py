"""What routes ask of the database of ratings, without waiting for it on the event loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from data.database.rows import LONGEST_ID, Stored, written
from recsys.artifact import Id
from serving.ratings.changes import Change, Delete, DeleteUser, Outcome, Put
from serving.ratings.errors import UnstorableIdError
from serving.ratings.together import Together

# The thread's Python takes some tens of microseconds for each change, in which the event loop may have to wait.
_MOST_CHANGES = 256
_MOST_READS = 256
# Seconds from one transaction of several changes to the next. Each wakes the event loop, and what is answered together
# keeps other requests waiting at one moment instead of many: where the disk is fast, two thousand changes a second
# would come in as many transactions. Slow disks take as long anyway.
_REST = 0.01
_FEW = 256  # ratings of a user, which are read within half a millisecond
_LONGEST_SHOWN = 50  # characters of an id that an error repeats


class KeepsRatings(Protocol):
    """`serving.ratings.database.Database`, which needs SQLAlchemy."""

    def commit(self, changes: Sequence[Change]) -> Sequence[Outcome | int | Exception]:
        """Make changes in one transaction."""

    def of_users(self, asked: Sequence[Sequence[str]]) -> Sequence[dict[str, list[Stored]] | Exception]:
        """Read the ratings of the users that each of several requests asks for."""

    def few_of_user(self, user: str, most: int) -> list[Stored] | None:
        """The ratings of a user, without waiting; None if that cannot be, or if they are more."""

    def close(self) -> None:
        """Close the connections."""


class RatingStore:
    """Ratings that clients send, by original ids.

    Whatever is answered has been committed, and what any process has committed is read: nothing is kept in memory.
    """

    def __init__(self, database: KeepsRatings) -> None:
        """Take over a database, for which two threads wait: one that writes, and one that reads."""
        self._database = database
        self._changes = Together(database.commit, _MOST_CHANGES, _REST)
        self._reads = Together(database.of_users, _MOST_READS)

    async def put(self, user_id: Id, item_id: Id, rating: float, timestamp: int | None) -> Outcome:
        """Store a rating, given at a time or, without one, now, unless a newer one of the pair is stored.

        Raises:
            UnstorableIdError: an id is too long.
            StoreError: the database does not answer.
        """
        outcome = await self._changes.ask(Put((_key("user", user_id), _key("item", item_id)), rating, timestamp))
        assert isinstance(outcome, Outcome)
        return outcome

    async def delete(self, user_id: Id, item_id: Id) -> int:
        """Delete the stored rating of a pair; how many there were, 0 or 1.

        Raises:
            StoreError: the database does not answer.
        """
        outcome = await self._changes.ask(Delete((written(user_id), written(item_id))))
        assert isinstance(outcome, Outcome)
        return int(outcome.before is not None)

    async def delete_user(self, user_id: Id) -> int:
        """Delete all that is stored of a user; how many ratings that were.

        Raises:
            StoreError: the database does not answer.
        """
        deleted = await self._changes.ask(DeleteUser(written(user_id)))
        assert isinstance(deleted, int)
        return deleted

    async def of_users(self, user_ids: Iterable[Id]) -> dict[Id, list[Stored]]:
        """The stored ratings of users, in any order; users without any are left out.

        Raises:
            StoreError: the database does not answer.
        """
        asked = {written(user_id): user_id for user_id in user_ids}
        if len(asked) == 1:  # handing over to a thread and back takes longer than reading
            ((user, user_id),) = asked.items()
            few = self._database.few_of_user(user, _FEW)
            if few is not None:
                return {user_id: few} if few else {}
        found = await self._reads.ask(list(asked))
        return {asked[user]: ratings for user, ratings in found.items()}

    def close(self) -> None:
        """Do what has been asked for, and let go of the database."""
        self._changes.close()
        self._reads.close()
        self._database.close()


def _key(side: str, original_id: Id) -> str:
    key = written(original_id)
    if len(key) > LONGEST_ID:
        raise UnstorableIdError(
            f"{side}_id: ratings are stored of ids that JSON writes in up to {LONGEST_ID} characters, and not in "
            f"{len(key)}, as {key[:_LONGEST_SHOWN]}…"
        )
    return key
