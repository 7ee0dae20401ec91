"""Tables of what is asked come in blocks, each with the ids that a model knows and those that it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from data.errors import ColumnError, DataError, EmptyFileError, InvalidIdError, MalformedRowError
from data.ids import Ids, StringIds
from data.tables.asked import PAIRS, TIMED_PAIRS, USERS, asked_rows

N = 600
NUMBERS, WORDS = np.arange(0, 50, 2), StringIds.from_strings(f"é{number}" for number in range(0, 50, 2))
FORMATS = ("csv", "tsv", "jsonl", "parquet", "feather")


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.tables.formats.text._STREAMED", 2000)
    monkeypatch.setattr("data.tables.formats.json_lines._BLOCK", 2000)
    monkeypatch.setattr("data.tables.formats.typed._ROWS", 70)


def written(table: pd.DataFrame, folder: Path, kind: str) -> Path:
    path = folder / f"asked.{kind}"
    match kind:
        case "csv" | "tsv":
            table.to_csv(path, index=False, sep="," if kind == "csv" else "\t")
        case "jsonl":
            table.to_json(path, orient="records", lines=True, force_ascii=False)
        case "parquet":
            table.to_parquet(path)
        case "feather":
            table.to_feather(path, chunksize=N // 4)
    return path


def pairs(known: Ids) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, 50, N), rng.integers(0, 50, N)
    if isinstance(known, StringIds):
        return pd.DataFrame({"user": [f"é{user}" for user in users], "item": [f"é{item}" for item in items]})
    return pd.DataFrame({"user": users, "item": items})


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("known", [NUMBERS, WORDS], ids=["numbers", "words"])
@pytest.mark.parametrize("kind", FORMATS)
def test_all_rows_come_in_order_in_blocks(tmp_path: Path, kind: str, known: Ids) -> None:
    table = pairs(known)
    blocks = 0
    original: dict[str, list[Any]] = {"user": [], "item": []}
    for rows in asked_rows(written(table, tmp_path, kind), {}, PAIRS):
        blocks += 1
        for role, seen in original.items():
            ids = rows.ids(role, known)
            everything = slice(0, rows.n_rows)
            asked = ids.original(everything).tolist()
            places, found = ids.found(everything)
            assert found.tolist() == [each in set(known.tolist()) for each in asked]
            assert known[places[found]].tolist() == [each for each in asked if each in set(known.tolist())]
            seen += asked
    assert original == {role: table[role].tolist() for role in original}
    assert blocks > 1


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "feather"])
def test_times_of_all_blocks_are_in_the_unit_of_the_first(tmp_path: Path, kind: str) -> None:
    times = np.where(np.arange(N) < N / 2, 1_700_000_000_000, 4_000_000_000)  # the latter could be seconds alone
    path = written(pairs(NUMBERS).assign(timestamp=times), tmp_path, kind)
    blocks = [rows.times() for rows in asked_rows(path, {}, TIMED_PAIRS)]
    assert np.concatenate([block for block in blocks if block is not None]).tolist() == (times // 1000).tolist()


def test_a_time_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "asked.csv").write_text("user,item,date\n1,2,2024-01-02\n1,3,\n1,4,2024-01-03T00:00:01Z\n")
    (rows,) = asked_rows(tmp_path / "asked.csv", {}, TIMED_PAIRS)
    with pytest.raises(MalformedRowError, match=r"asked\.csv, line 4: the time '2024-01-03T00:00:01Z' is written in"):
        rows.times()
    (tmp_path / "asked.csv").write_text("user,item,date\n1,2,2024-01-02\n1,3,\n1,4,2024-01-03\n")
    (rows,) = asked_rows(tmp_path / "asked.csv", {}, TIMED_PAIRS)
    assert rows.times() is not None
    (rows,) = asked_rows(tmp_path / "asked.csv", {}, TIMED_PAIRS)
    times = rows.times()
    assert times is not None
    assert times.tolist() == [1_704_153_600, -1, 1_704_240_000]
    (rows,) = asked_rows(tmp_path / "asked.csv", {"time": ""}, TIMED_PAIRS)
    assert rows.times() is None


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_a_fault_in_a_later_block_is_told_with_its_row_in_the_file(tmp_path: Path, kind: str) -> None:
    table = pairs(NUMBERS).astype(object)
    table.loc[500, "item"] = None
    path = written(table, tmp_path, kind)
    with pytest.raises(MalformedRowError, match=r"(line 50[12]|row 501): the item id is missing"):
        for rows in asked_rows(path, {}, PAIRS):
            rows.ids("item", NUMBERS)
    if kind == "csv":
        lines = path.read_text().splitlines()
        lines[400] += ",7"
        path.write_text("\n".join(lines))
        with pytest.raises(MalformedRowError, match=r"asked\.csv, line 401: 3 fields instead of 2"):
            list(asked_rows(path, {}, PAIRS))


@pytest.mark.parametrize(
    ("table", "known", "message"),
    [
        (
            {"user": ["é0"]},
            NUMBERS,
            "row 1: the user id 'é0' is of another kind than those of the model, which are whole",
        ),
        ({"user": [0]}, WORDS, "row 1: the user id 0 is of another kind than those of the model, which are text"),
        ({"user": [0.5]}, NUMBERS, r"the user id 0\.5 is of another kind"),
        (
            {"user": np.array([1, 2**63], np.uint64)},
            NUMBERS,
            "row 2: the user id 9223372036854775808 is of another kind",
        ),
        (
            {"user": pd.Categorical(["é2", "x"], ["é1", "x", "é2"])},
            NUMBERS,
            "row 1: the user id 'é2' is of another kind",
        ),
    ],
)
def test_ids_of_another_kind_are_refused(table: dict[str, Any], known: Ids, message: str) -> None:
    with pytest.raises(InvalidIdError, match=message):
        for rows in asked_rows(pd.DataFrame(table), {}, USERS):
            rows.ids("user", known)


LISTS = {  # what stands in a file of users: which users these are
    "7\n8\n": ["7", "8"],
    "user\n7\n8\n": ["7", "8"],
    "ann\nbob\n": ["ann", "bob"],
    "userId\nann\n": ["ann"],
    "who\nann\n": ["who", "ann"],
    "ann": ["ann"],
    '"ann, of X"\n\n"bob"\n': ["ann, of X", "bob"],
    "user,age\nann,3\nbob,4\n": ["ann", "bob"],
    "ann,3\nbob,4\n": ["ann", "bob"],
    "\ufeffuser\r\nann\r\n": ["ann"],
}


@pytest.mark.parametrize("text", LISTS, ids=repr)
def test_a_list_of_users_has_a_name_or_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "users.txt").write_text(text)
    (rows,) = asked_rows(tmp_path / "users.txt", {}, USERS)
    assert rows.ids("user", WORDS).original(slice(0, rows.n_rows)).tolist() == LISTS[text]


def test_a_name_that_is_given_is_no_user(tmp_path: Path) -> None:
    (tmp_path / "users.txt").write_text("who\nann\n")
    (rows,) = asked_rows(tmp_path / "users.txt", {"user": "who"}, USERS)
    assert rows.ids("user", WORDS).original(slice(0, rows.n_rows)).tolist() == ["ann"]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", EmptyFileError, "asked.txt has no rows"),
        ("user,item\n", EmptyFileError, "asked.txt has no rows below its line of names"),
        ("1\n2\n", DataError, "asked.txt: nothing separates columns"),
        ("user,thing\n1,2\n", ColumnError, "no column that is known for item"),
    ],
)
def test_what_are_no_pairs_is_refused(tmp_path: Path, text: str, error: type[DataError], message: str) -> None:
    (tmp_path / "asked.txt").write_text(text)
    with pytest.raises(error, match=message):
        list(asked_rows(tmp_path / "asked.txt", {}, PAIRS))
