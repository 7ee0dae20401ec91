"""The database of ratings, SQLite's and PostgreSQL's: many changes in a transaction, in order, by several at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from data.database.connecting import engine_of
from data.database.reading import all_in_blocks
from data.database.rows import LONGEST_ID, Stored, original, written
from recsys.artifact import Id
from serving.ratings.changes import Change, Delete, DeleteUser, Outcome, Put, Value
from serving.ratings.database import Database
from serving.ratings.opening import open_database
from tests.serving.odd_ids import ODD


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """What another process would read by."""
    engine = engine_of(url)
    yield engine
    engine.dispose()


@pytest.fixture
def database(url: str, engine: Engine) -> Iterator[Database]:
    """An empty database."""
    database = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM recsys_ratings"))
    yield database
    database.close()


def put(user: Id, item: Id, rating: float, timestamp: int | None = 1) -> Put:
    return Put((written(user), written(item)), rating, timestamp)


def everything(engine: Engine) -> dict[tuple[Id, Id], Value]:
    """All that is stored, each pair once."""
    rows = [row for block in all_in_blocks(engine) for row in block]
    found = {(row.user_id, row.item_id): Value(row.rating, row.timestamp) for row in rows}
    assert len(found) == len(rows)
    return found


def test_changes_of_one_transaction_are_made_in_their_order(database: Database, engine: Engine) -> None:
    changes: Sequence[Change] = [
        put(1, 10, 3.0, 5), put(1, 10, 4.0, 4), put(1, 10, 5.0, 5), put(1, 11, 1.0), Delete(("1", "11")),
        Delete(("1", "12")), put(2, 10, 2.0), DeleteUser("1"), put(1, 10, 1.5, 2),
    ]  # fmt: skip
    assert database.commit(changes) == [
        Outcome(None, Value(3.0, 5)),
        Outcome(Value(3.0, 5), Value(3.0, 5), is_refused=True),
        Outcome(Value(3.0, 5), Value(5.0, 5)),
        Outcome(None, Value(1.0, 1)),
        Outcome(Value(1.0, 1), None),
        Outcome(None, None),
        Outcome(None, Value(2.0, 1)),
        1,
        Outcome(None, Value(1.5, 2)),
    ]
    assert everything(engine) == {(1, 10): Value(1.5, 2), (2, 10): Value(2.0, 1)}
    assert database.of_users([["1"], ["3"], ["2", "1"]]) == [
        {"1": [Stored(1, 10, 1.5, 2)]}, {}, {"1": [Stored(1, 10, 1.5, 2)], "2": [Stored(2, 10, 2.0, 1)]},
    ]  # fmt: skip


def test_every_id_comes_back_as_it_was(database: Database, engine: Engine) -> None:
    ids: list[Id] = [each for each in dict.fromkeys(ODD) if len(written(each)) <= LONGEST_ID]
    ids += [0, 7, -7, 2**63 - 1, -(2**63), "z" * (LONGEST_ID - 2), "🦊" * (LONGEST_ID - 2)]
    assert [original(written(each)) for each in ids] == ids
    outcomes = database.commit([put(user, item, 1.0) for user, item in zip(ids, reversed(ids), strict=True)])
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    assert everything(engine).keys() == set(zip(ids, reversed(ids), strict=True))
    assert len(database.of_users([[written(each) for each in ids]])[0]) == len(ids)


def test_several_servers_that_write_the_same_pairs_lose_nothing(database: Database, engine: Engine, url: str) -> None:
    servers, rounds, items = 4, 25, 8
    failed: list[object] = []

    def write(server: int) -> None:
        own = open_database(url)
        for number in range(rounds):
            at = number * servers + server  # no two at one time
            changes = [put(1, (server + item) % items, float(at), at) for item in range(items)]
            failed.extend(outcome for outcome in own.commit(changes) if not isinstance(outcome, Outcome))
        own.close()

    threads = [threading.Thread(target=write, args=(server,)) for server in range(servers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    last = rounds * servers - 1
    assert everything(engine) == {(1, item): Value(float(last), last) for item in range(items)}


def test_nothing_of_a_deleted_user_is_left_in_the_file(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/ratings.db")
    database.commit([put(user, item, 3.0) for user in ("Alice Example", "Bob") for item in range(50)])
    database.commit([DeleteUser(written("Alice Example"))])
    database.close()
    (file,) = tmp_path.iterdir()  # the log is gone with the last connection
    assert b"Bob" in file.read_bytes()
    assert b"Alice" not in file.read_bytes()


def test_few_ratings_of_a_user_are_read_from_a_file_without_waiting_and_more_are_not(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/ratings.db")
    assert database.few_of_user("1", 2) == []
    database.commit([put(1, item, 3.0) for item in (10, 11)])
    assert database.few_of_user("1", 2) == [Stored(1, 10, 3.0, 1), Stored(1, 11, 3.0, 1)]
    database.commit([put(1, 12, 3.0)])
    assert database.few_of_user("1", 2) is None
    database.close()


def test_very_many_users_can_be_read_at_once(database: Database) -> None:
    for begin in range(0, 1200, 200):
        database.commit([put(user, 10, 3.0) for user in range(begin, begin + 200)])
    (found,) = database.of_users([[written(user) for user in range(2000)]])
    assert len(found) == 1200
