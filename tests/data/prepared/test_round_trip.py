"""What is prepared from a source is what is read from it: ids to the byte, order, ratings, times, tables, hash."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from data.movielens import Ratings
from data.prepared import Prepared, prepare
from data.tables import read_ratings
from tests.data.tables.rows import rows
from tests.data.tables.test_survival import ODD, TABLES, feather, json_lines, parquet, text

WAYS: list[Callable[[dict[str, list[Any]], Path], Path]] = [parquet, feather, json_lines, text]


def prepared(source: Path | str, folder: Path, **options: Any) -> Prepared:
    assert prepare(source, folder, **options)
    return Prepared(folder)


def require_same(found: Prepared, ratings: Ratings) -> None:
    """All that `Ratings` say, and the same in order of users and of items."""
    again = found.ratings
    assert rows(again) == rows(ratings)
    assert again.user_ids.tolist() == ratings.user_ids.tolist()
    assert again.item_ids.tolist() == ratings.item_ids.tolist()
    assert (again.sha256, again.scale, again.left_out) == (ratings.sha256, ratings.scale, ratings.left_out)
    pd.testing.assert_frame_equal(again.user_table, ratings.user_table)
    pd.testing.assert_frame_equal(again.item_table, ratings.item_table)
    for one, sides, others, n in (
        (found.by_user, ratings.users, ratings.items, ratings.n_users),
        (found.by_item, ratings.items, ratings.users, ratings.n_items),
    ):
        order = np.lexsort((others, sides))
        assert np.array_equal(one.rows, order)
        assert np.array_equal(one.others, others[order])
        assert np.array_equal(one.values, ratings.values[order])
        assert np.array_equal(np.diff(one.starts), np.bincount(sides, minlength=n))


def test_movielens_100k_survives(movielens_100k: Ratings, tmp_path: Path) -> None:
    found = prepared("100k", tmp_path / "prepared")
    require_same(found, movielens_100k)
    assert (found.manifest.name, found.manifest.n_ratings) == ("100k", 100_000)


def test_what_is_mapped_takes_twelve_bytes_a_rating_and_cannot_be_written_to(tmp_path: Path) -> None:
    ratings = prepared("100k", tmp_path / "prepared").ratings
    arrays = (ratings.users, ratings.items, ratings.values)
    assert sum(array.itemsize for array in arrays) == 12
    assert not any(array.flags.writeable for array in arrays)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_odd_ids_survive_to_the_byte(way: Callable[..., Path], tmp_path: Path) -> None:
    n = len(ODD)
    columns = {"user": ODD, "item": ODD[::-1], "rating": [row % 5 for row in range(n)], "time": list(range(n))}
    file = way(columns, tmp_path)
    require_same(prepared(file, tmp_path / "prepared"), read_ratings(file))


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@settings(max_examples=30, deadline=None)
@given(columns=TABLES)
def test_any_table_survives(
    way: Callable[..., Path], columns: dict[str, list[Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    file = way(columns, folder)
    require_same(prepared(file, folder / "prepared", scale="-10,100,0.5"), read_ratings(file, scale="-10,100,0.5"))


@pytest.mark.slow
def test_ids_of_many_blocks_are_numbered_as_those_of_one(tmp_path: Path) -> None:
    """Whole numbers until the last line, of which one is none, in blocks of 2 MiB."""
    n = 250_000
    numbers = np.random.default_rng(0).permutation(n)
    lines = [f"{number},{number % 97},{number % 5 + 1},{number}" for number in numbers.tolist()]
    file = tmp_path / "plays.csv.gz"
    for last in ("250001,7,3,5", "007,7,3,5"):
        file.write_bytes(gzip.compress("\n".join(["user,item,rating,time", *lines, last]).encode(), 1))
        found, ratings = prepared(file, tmp_path / last), read_ratings(file)
        assert found.ratings.sha256 == ratings.sha256
        assert isinstance(ratings.user_ids, np.ndarray) == (last[0] == "2")


def test_parts_are_one_table(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / "a.csv").write_text("user,item,rating\n1,1,2\n2,1,3\n")
    (parts / "b.csv").write_text("user,item,rating\n1,2,5\n3,1,1\n")
    require_same(prepared(parts, tmp_path / "prepared"), read_ratings(parts))


@pytest.mark.parametrize(
    "times",
    [
        ["1000", "2000.9", "3000"],
        ["1700000000123", "1600000000999", "5"],
        ["1700000000123456789", "1600000000999999999", "5"],
        ["2024-05-31", "2024-05-31T18:30:00", "1970-01-01"],
        ["2024-05-31T18:30:00Z", "2024-05-31T18:30:00.999999999Z", "1970-01-01T00:00:00Z"],
    ],
)
def test_times_are_seconds_whatever_they_are_written_in(times: list[str], tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    file.write_text("user,item,rating,time\n" + "".join(f"a,{row},{row},{time}\n" for row, time in enumerate(times)))
    require_same(prepared(file, tmp_path / "prepared"), read_ratings(file))


@pytest.mark.parametrize("with_times", [True, False])
@pytest.mark.parametrize("choice", ["first", "last", "mean"])
def test_one_of_each_pair_is_kept(choice: str, with_times: bool, tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    n = 3000
    table = pd.DataFrame(
        {
            "user": generator.integers(0, 40, n),
            "item": generator.integers(0, 30, n),
            "rating": generator.integers(1, 6, n),
            "time": generator.integers(0, 50, n),
        }
    )
    file = tmp_path / "plays.csv"
    table.drop(columns=[] if with_times else "time").to_csv(file, index=False)
    ratings = read_ratings(file, duplicates=choice)  # type: ignore[arg-type]
    assert ratings.left_out > 1000
    require_same(prepared(file, tmp_path / "prepared", duplicates=choice), ratings)


def test_tables_of_users_and_items_survive(tmp_path: Path) -> None:
    file, items, users = (tmp_path / name for name in ("plays.csv", "items.csv", "users.csv"))
    file.write_text("user,item,rating\na,x,1\nb,y,2\nb,z,5\n")
    items.write_text("item,title,genres,price\nx,Ex (1999),B|A,3\ny,Why (2001),,\n")
    users.write_text("user,age,member\na,31,true\nb,,\n")
    options: dict[str, Any] = {"items": items, "users": users}
    found = prepared(file, tmp_path / "prepared", **options)
    require_same(found, read_ratings(file, **options))
    assert found.ratings.item_table["genres"].tolist() == [("A", "B"), (), ()]


def test_a_scale_without_steps_survives(tmp_path: Path) -> None:
    file = tmp_path / "plays.csv"
    values = np.random.default_rng(0).normal(size=2000)
    file.write_text("user,item,rating\n" + "".join(f"{row},1,{value!r}\n" for row, value in enumerate(values.tolist())))
    found = prepared(file, tmp_path / "prepared")
    require_same(found, read_ratings(file))
    assert found.ratings.scale.step is None
