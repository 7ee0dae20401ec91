"""The data sets too large to download in a test: miniatures in their formats go through the same reader."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from data.errors import IncompleteFileError
from data.movielens import load_data_set
from data.movielens.catalogue import CATALOGUE, DataSet
from tests.data.movielens.miniatures import FORMATS, miniature

FIXED = [data_set for data_set in CATALOGUE if not data_set.name.startswith("latest")]


@pytest.mark.parametrize("data_set", CATALOGUE, ids=lambda data_set: data_set.name)
def test_every_data_set_comes_from_the_publisher_over_a_safe_line(data_set: DataSet) -> None:
    assert data_set.url == f"https://files.grouplens.org/datasets/movielens/ml-{data_set.name}.zip"
    assert data_set.published.filename == f"ml-{data_set.name}.zip"


@pytest.mark.parametrize("data_set", FIXED, ids=lambda data_set: data_set.name)
def test_every_data_set_that_never_changes_has_a_checksum_and_a_number_of_ratings(data_set: DataSet) -> None:
    digits = {"md5": 32, "sha256": 64}
    assert data_set.published.checksum is not None
    assert len(data_set.published.checksum.hexdigest) == digits[data_set.published.checksum.algorithm]
    assert f"{data_set.n_ratings:,} ratings" in data_set.summary


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_ratings(name: str, tmp_path: Path) -> None:
    small = miniature(name)
    ratings = load_data_set(small.data_set, path=small.write(tmp_path))
    assert ratings.name == name
    assert (small.data_set.published.checksum is None) == name.startswith("latest")
    np.testing.assert_array_equal(ratings.user_ids, [3, 7, 12])
    np.testing.assert_array_equal(ratings.item_ids, [5, 9, 50])
    np.testing.assert_array_equal(ratings.users, [1, 0, 1, 2])
    np.testing.assert_array_equal(ratings.items, [2, 0, 0, 1])
    np.testing.assert_array_equal(ratings.values, [4, 3, 5, 1])
    np.testing.assert_array_equal(ratings.timestamps, [900, 800, 800, 1000])
    assert ratings.item_table.to_dict("list") == {
        "title": ["Harbour, The", "Caf\u00e9 (Kaffeehaus)", "Ladder"],
        "year": [1971, 1999, 2001],
        "genres": [("Comedy", "Drama"), ("Drama",), ("Drama",)],
    }


@pytest.mark.parametrize("name", FORMATS)
def test_an_unpacked_archive_is_read_like_the_zip_file(name: str, tmp_path: Path) -> None:
    small = miniature(name)
    zip_file = small.write(tmp_path)
    with zipfile.ZipFile(zip_file) as archive:
        archive.extractall(tmp_path)
    from_zip = load_data_set(small.data_set, path=zip_file)
    for directory in (tmp_path, tmp_path / small.data_set.published.folder):
        ratings = load_data_set(small.data_set, path=directory)
        assert ratings.sha256 == from_zip.sha256
        assert ratings.item_table.equals(from_zip.item_table)


@pytest.mark.parametrize("name", FORMATS[1:])
def test_half_stars_are_read_where_the_scale_has_them(name: str, tmp_path: Path) -> None:
    separator, header = ("::", "") if name == "10m" else (",", "userId,movieId,rating,timestamp\n")
    rows = [(7, 50, "0.5", 1), (3, 5, "3.5", 2), (7, 5, "5.0", 3), (12, 9, "4.5", 4)]
    text = header + "".join(separator.join(map(str, row)) + "\n" for row in rows)
    small = miniature(name, ratings=text.encode())
    ratings = load_data_set(small.data_set, path=small.write(tmp_path))
    assert ratings.values.tolist() == [0.5, 3.5, 5.0, 4.5]


def test_occupations_of_1m_are_decoded_and_its_age_groups_kept(tmp_path: Path) -> None:
    small = miniature("1m")
    ratings = load_data_set(small.data_set, path=small.write(tmp_path))
    assert ratings.user_table.to_dict("list") == {
        "age": [25, 1, 56],
        "gender": ["F", "M", "F"],
        "occupation": ["writer", "K-12 student", "other"],
        "zip_code": ["00501", "55105", "V3N4P"],
    }


@pytest.mark.parametrize("name", FORMATS[1:])
def test_where_nothing_is_known_of_users_their_table_has_rows_but_no_columns(name: str, tmp_path: Path) -> None:
    small = miniature(name)
    ratings = load_data_set(small.data_set, path=small.write(tmp_path))
    assert ratings.user_table.shape == (3, 0)
    assert ratings.user_table.index.tolist() == [3, 7, 12]


@pytest.mark.parametrize(
    ("written", "title", "year"),
    [
        ("Ladder (2001)", "Ladder", 2001),
        ("Ladder (2001) ", "Ladder", 2001),
        ("Ladder (2001) (V)", "Ladder", 2001),
        ("Ladder (Leiter) (2001)", "Ladder (Leiter)", 2001),
        ("2001 (1968)", "2001", 1968),
        ("Ladders (2006\u20132007)", "Ladders", 2006),
        ("Ladders (2009\u2013 )", "Ladders", 2009),
        ("Ladders (2009-)", "Ladders", 2009),
    ],
)
def test_the_year_is_taken_off_the_title(written: str, title: str, year: int, tmp_path: Path) -> None:
    movies = f'movieId,title,genres\n5,"A (1950)",Drama\n9,"B (1950)",Drama\n50,"{written}",Drama\n'
    small = miniature("25m", movies=movies.encode())
    ladder = load_data_set(small.data_set, path=small.write(tmp_path)).item_table.loc[50]
    assert (ladder["title"], ladder["year"]) == (title, year)


def test_titles_may_lack_a_year_have_quotes_and_have_no_genres(tmp_path: Path) -> None:
    movies = 'movieId,title,genres\n5,Pier,Drama\n9,"So, ""Ahoy"" (1950)",Drama\n50,C (1950),(no genres listed)\n'
    small = miniature("20m", movies=movies.encode())
    items = load_data_set(small.data_set, path=small.write(tmp_path)).item_table
    assert items["title"].tolist() == ["Pier", 'So, "Ahoy"', "C"]
    assert items["year"].isna().tolist() == [True, False, False]
    assert items["genres"].tolist() == [("Drama",), ("Drama",), ()]


def test_an_unpacked_file_with_rows_missing_is_refused(tmp_path: Path) -> None:
    small = miniature("1m", ratings=b"7::50::4::900\n3::5::3::800\n12::5::1::1000\n")
    with zipfile.ZipFile(small.write(tmp_path)) as archive:
        archive.extractall(tmp_path)
    with pytest.raises(IncompleteFileError, match=r"ratings.dat has 3 rows, but MovieLens 1m has 4 ratings"):
        load_data_set(small.data_set, path=tmp_path)
