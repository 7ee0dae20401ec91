"""The real MovieLens 100k: what is known about it, and that both of its sources say the same."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.errors import ChecksumError, DataError
from data.movielens import Ratings, load, load_data_set
from data.movielens.catalogue import find
from data.ratings import RatingScale
from tests.data.movielens.miniatures import Miniature, in_zip

# In the order of the publisher's u.genre, which is nearly that of the alphabet.
GENRES = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
]
GENRES += [
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]


@pytest.fixture(scope="session")
def publishers_zip(recbole_wheel: Path) -> Miniature:
    """Return ml-100k.zip as far as the wheel knows it: without the dates and addresses of films."""
    data_set = find("100k")
    with zipfile.ZipFile(recbole_wheel) as wheel:
        ratings, items, users = (
            wheel.read(f"recbole/dataset_example/ml-100k/ml-100k.{kind}").split(b"\n", maxsplit=1)[1]
            for kind in ("inter", "item", "user")
        )
    return in_zip(
        replace(data_set, wheel=None),
        data_set.published,
        {
            "u.data": ratings,
            "u.item": "".join(map(_u_item_line, items.decode().splitlines())).encode("latin-1"),
            "u.user": users.replace(b"\t", b"|"),
        },
    )


def _u_item_line(line: str) -> str:
    number, title, bracket, genres = line.split("\t")
    whole_title = "unknown" if number == "267" else f"{title} ({bracket})"
    flags = [str(int(genre in genres.split(" "))) for genre in GENRES]
    return "|".join([number, whole_title, "", "", "", *flags]) + "\n"


def test_it_has_the_size_and_the_hash_that_the_publisher_gave_it(movielens_100k: Ratings) -> None:
    assert movielens_100k.name == "100k"
    assert movielens_100k.n_users == 943
    assert movielens_100k.n_items == 1682
    assert len(movielens_100k) == 100_000
    assert movielens_100k.sha256 == "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490"


def test_indices_follow_the_ids_in_ascending_order(movielens_100k: Ratings) -> None:
    np.testing.assert_array_equal(movielens_100k.user_ids, np.arange(1, 944))
    np.testing.assert_array_equal(movielens_100k.item_ids, np.arange(1, 1683))
    np.testing.assert_array_equal(np.unique(movielens_100k.users), np.arange(943))
    np.testing.assert_array_equal(np.unique(movielens_100k.items), np.arange(1682))


def test_ratings_are_whole_stars_as_often_as_is_known(movielens_100k: Ratings) -> None:
    stars, counts = np.unique(movielens_100k.values, return_counts=True)
    assert movielens_100k.scale == RatingScale(1.0, 5.0, 1.0)
    assert dict(zip(stars.tolist(), counts.tolist(), strict=True)) == {
        1: 6110, 2: 11370, 3: 27145, 4: 34174, 5: 21201
    }  # fmt: skip


def test_its_arrays_have_the_documented_types_and_cannot_be_written_to(movielens_100k: Ratings) -> None:
    for name in ("users", "items", "timestamps", "user_ids", "item_ids"):
        assert getattr(movielens_100k, name).dtype == np.int64, name
    assert movielens_100k.values.dtype == np.float32
    for name in ("users", "items", "values", "timestamps", "user_ids", "item_ids"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(movielens_100k, name)[0] = 1


def test_a_row_of_a_table_describes_the_user_or_item_of_the_same_index(movielens_100k: Ratings) -> None:
    assert movielens_100k.user_table.index.name == "user_id"
    assert movielens_100k.item_table.index.name == "item_id"
    np.testing.assert_array_equal(movielens_100k.user_table.index, movielens_100k.user_ids)
    np.testing.assert_array_equal(movielens_100k.item_table.index, movielens_100k.item_ids)


def test_titles_are_free_of_years_and_decoded(movielens_100k: Ratings) -> None:
    items = movielens_100k.item_table
    assert list(items.columns) == ["title", "year", "genres"]
    assert items["year"].dtype == "Int64"
    assert not items["title"].str.contains(r"\(\d{4}\)").any()
    assert (items["title"] == items["title"].str.strip()).all()
    assert items["title"].map(lambda title: not title.isascii()).sum() == 9
    assert items["year"].min() == 1922
    assert items["year"].max() == 1998
    assert items.index[items["year"].isna()].tolist() == [267]
    assert items.loc[267, "title"] == "unknown"
    assert items.loc[1412, "year"] == 1995  # its title ends in "(1995) (V)"


def test_genres_are_sorted_and_counted_as_is_known(movielens_100k: Ratings) -> None:
    genres = movielens_100k.item_table["genres"]
    assert all(list(names) == sorted(names) for names in genres)
    counts = genres.explode().value_counts()
    assert len(counts) == 18
    assert counts["Drama"] == 725
    assert counts["Fantasy"] == 22
    assert genres.index[genres.map(len) == 0].tolist() == [267, 1373]  # their genre is "unknown"


def test_users_are_described_as_is_known(movielens_100k: Ratings) -> None:
    users = movielens_100k.user_table
    assert list(users.columns) == ["age", "gender", "occupation", "zip_code"]
    assert users["age"].min() == 7
    assert users["age"].max() == 73
    assert users["gender"].value_counts().to_dict() == {"M": 670, "F": 273}
    assert users["occupation"].nunique() == 21
    assert users["zip_code"].str.len().eq(5).all()


def test_its_representation_says_what_it_is_and_whence(movielens_100k: Ratings) -> None:
    shown = repr(movielens_100k)
    assert "100,000 ratings in 1, 2, ... 5 of 1,682 items by 943 users" in shown
    assert movielens_100k.source in shown


def test_the_publishers_files_and_the_wheel_give_the_same_ratings(
    publishers_zip: Miniature, recbole_wheel: Path, tmp_path: Path
) -> None:
    from_zip = load_data_set(publishers_zip.data_set, path=publishers_zip.write(tmp_path))
    from_wheel = load("100k", path=recbole_wheel)
    for name in ("users", "items", "values", "timestamps", "user_ids", "item_ids"):
        np.testing.assert_array_equal(getattr(from_zip, name), getattr(from_wheel, name))
    pd.testing.assert_frame_equal(from_zip.item_table, from_wheel.item_table)
    pd.testing.assert_frame_equal(from_zip.user_table, from_wheel.user_table)
    assert from_zip.sha256 == from_wheel.sha256
    assert from_zip.source == f"the file {tmp_path / 'ml-100k.zip'}"


def test_a_directory_that_either_archive_was_unpacked_into_is_read(
    publishers_zip: Miniature, recbole_wheel: Path, movielens_100k: Ratings, tmp_path: Path
) -> None:
    with zipfile.ZipFile(publishers_zip.write(tmp_path)) as archive:
        archive.extractall(tmp_path / "zip")
    with zipfile.ZipFile(recbole_wheel) as archive:
        archive.extractall(tmp_path / "wheel")
    for directory in ("zip", "zip/ml-100k", "wheel", "wheel/recbole/dataset_example"):
        ratings = load("100k", path=tmp_path / directory)
        assert ratings.sha256 == movielens_100k.sha256
        assert "the directory" in ratings.source


@pytest.mark.parametrize("name", ["ml-100k.inter", "ml-100k.item", "ml-100k.user"])
def test_a_file_of_the_wheel_that_has_been_altered_is_refused(recbole_wheel: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(recbole_wheel) as archive:
        archive.extractall(tmp_path)
    file = tmp_path / "recbole/dataset_example/ml-100k" / name
    file.write_bytes(file.read_bytes()[:-2] + b"9\n")
    with pytest.raises(ChecksumError, match=f"{name} is not the published file: its SHA-256 is"):
        load("100k", path=tmp_path)


def test_an_unknown_data_set_is_answered_with_those_there_are() -> None:
    with pytest.raises(DataError, match=r"no MovieLens data set '2m'; choose one of\n  100k .*\n  1m .*\n") as raised:
        load("2m")
    assert "32m" in str(raised.value)
