"""What is wrong in a ratings file or a table is refused, and the message says where it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.errors import (
    ChecksumError,
    DataError,
    DuplicateIdError,
    DuplicateRatingError,
    EmptyFileError,
    EncodingError,
    InvalidIdError,
    MalformedRowError,
    RatingOutsideScaleError,
    UnlistedIdError,
)
from data.movielens.catalogue import RatingsFile, TableFile, find
from data.movielens.formats.rating_rows import RatingRows, read_ratings
from data.movielens.formats.table_rows import Item, User
from data.movielens.formats.tables import read_items, read_users
from data.movielens.formats.text_files import encoding_of
from data.ratings import RatingScale

U_DATA = RatingsFile("u.data", separator=b"\t")
RATINGS_DAT = find("10m").published.ratings
RATINGS_CSV = find("25m").published.ratings
WHOLE_STARS = find("100k").scale
HALF_STARS = find("25m").scale

GOOD = b"1\t1\t5\t100\n2\t1\t3\t200\n"


@pytest.mark.parametrize(
    ("third_line", "error", "complaint"),
    [
        (b"3\t1\t5", MalformedRowError, "3 fields instead of 4 in '3\\t1\\t5'"),
        (b"3\t1\t5\t100\t7", MalformedRowError, "5 fields instead of 4"),
        (b"", MalformedRowError, "1 fields instead of 4 in ''"),
        (b"3\t1\t\t100", MalformedRowError, "the rating '' is not a finite number"),
        (b"3\t\t5\t100", MalformedRowError, "the item id '' is not a whole number"),
        (b"3\t1\tfour\t100", MalformedRowError, "the rating 'four' is not a finite number"),
        (b"3\t1\tnan\t100", MalformedRowError, "the rating 'nan' is not a finite number"),
        (b"x\t1\t5\t100", MalformedRowError, "the user id 'x' is not a whole number"),
        (b"3.5\t1\t5\t100", MalformedRowError, "the user id '3.5' is not a whole number"),
        (b"3\t1\t5\tnoon", MalformedRowError, "the timestamp 'noon' is not a whole number"),
        (
            b"3\t1\t5\t99999999999999999999",
            MalformedRowError,
            "the timestamp '99999999999999999999' is not a",
        ),
        (b"3\t1\t5\tinf", MalformedRowError, "the timestamp 'inf' is not a whole number"),
        (b"1e99\t1\t5\t100", MalformedRowError, "the user id '1e99' is not a whole number"),
        (b'"3"\t1\t5\t100', MalformedRowError, "the user id '\"3\"' is not a whole number"),
        (b'"3\t1\t5\t100', MalformedRowError, "the user id '\"3' is not a whole number"),
        (b"\xff\xfe\t1\t5\t100", MalformedRowError, "the user id '\\xff\\xfe' is not a whole number"),
        (b"3\x00\t1\t5\t100", MalformedRowError, "the user id '3\\x00' is not a whole number"),
        (b"-3\t1\t5\t100", InvalidIdError, "the user id -3 is negative"),
        (b"3\t-1\t5\t100", InvalidIdError, "the item id -1 is negative"),
        (b"3\t1\t6\t100", RatingOutsideScaleError, "the rating 6 is none of 1, 2, ... 5"),
        (b"3\t1\t0\t100", RatingOutsideScaleError, "the rating 0 is none of 1, 2, ... 5"),
        (b"3\t1\t-1\t100", RatingOutsideScaleError, "the rating -1 is none of 1, 2, ... 5"),
        (b"3\t1\t3.5\t100", RatingOutsideScaleError, "the rating 3.5 is none of 1, 2, ... 5"),
        (b"3\t1\t3.01\t100", RatingOutsideScaleError, "the rating 3.01 is none of 1, 2, ... 5"),
        (b"3\t1\t5.01\t100", RatingOutsideScaleError, "the rating 5.01 is none of 1, 2, ... 5"),
        (b"3\t1\t0.99\t100", RatingOutsideScaleError, "the rating 0.99 is none of 1, 2, ... 5"),
        (b"3\t1\tinf\t100", RatingOutsideScaleError, "the rating inf is none of"),
        (b"1\t1\t4\t300", DuplicateRatingError, "user 1 rates item 1 again, after line 1"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(third_line: bytes, error: type[DataError], complaint: str) -> None:
    with pytest.raises(error) as raised:
        read_ratings(U_DATA, GOOD + third_line + b"\n4\t2\t5\t100\n", WHOLE_STARS)
    assert str(raised.value).startswith("u.data, line 3: ")
    assert complaint in str(raised.value)
    assert "Get the file from the publisher again, or correct that line." in str(raised.value)


def test_lines_are_counted_with_the_header() -> None:
    content = b"userId,movieId,rating,timestamp\r\n1,1,5,100\r\n1,2,0.25,100\r\n"
    with pytest.raises(RatingOutsideScaleError, match=r"ratings.csv, line 3: the rating 0.25"):
        read_ratings(RATINGS_CSV, content, HALF_STARS)
    with pytest.raises(MalformedRowError, match=r"ratings.csv, line 3: the item id 'b'"):
        read_ratings(RATINGS_CSV, content.replace(b"1,2", b"1,b"), HALF_STARS)


def test_a_double_colon_is_one_separator() -> None:
    with pytest.raises(MalformedRowError, match=r"ratings.dat, line 1: 7 fields instead of 4 in '1::::1::::5::::9'"):
        read_ratings(RATINGS_DAT, b"1::::1::::5::::9\n", HALF_STARS)
    with pytest.raises(MalformedRowError, match=r"ratings.dat, line 1: 1 fields instead of 4"):
        read_ratings(RATINGS_DAT, b"1\t1\t5\t9\n", HALF_STARS)


def test_a_field_too_many_in_every_line_is_noticed() -> None:
    with pytest.raises(MalformedRowError, match=r"u.data, line 1: 5 fields instead of 4"):
        read_ratings(U_DATA, b"1\t1\t5\t100\t0\n2\t1\t5\t100\t0\n", WHOLE_STARS)


def test_another_header_is_refused() -> None:
    with pytest.raises(MalformedRowError, match=r"line 1 is 'movieId,userId' instead of 'userId,movieId,rating,tim"):
        read_ratings(RATINGS_CSV, b"movieId,userId\n1,2\n", HALF_STARS)


@pytest.mark.parametrize("content", [b"", b"userId,movieId,rating,timestamp", b"userId,movieId,rating,timestamp\n"])
def test_a_ratings_file_without_ratings_is_refused(content: bytes) -> None:
    file = RATINGS_CSV if content else U_DATA
    with pytest.raises(EmptyFileError, match=rf"{file.name} has no ratings"):
        read_ratings(file, content, HALF_STARS)


def test_a_ratings_file_that_was_changed_in_one_place_is_refused() -> None:
    file = find("100k").published.ratings
    with pytest.raises(ChecksumError, match=r"u.data is not the published file: its SHA-256 is .* instead of 06416e"):
        read_ratings(file, GOOD, WHOLE_STARS)


def test_the_last_line_need_not_end() -> None:
    assert read_ratings(U_DATA, GOOD.rstrip(b"\n"), WHOLE_STARS).values.tolist() == [5, 3]


@pytest.mark.parametrize("end", [b"\n", b"\n\n\n", b"\r\n", b"  \n", b"  "])
def test_blank_lines_at_the_end_are_no_ratings_and_no_mistake(end: bytes) -> None:
    rows = read_ratings(U_DATA, GOOD + end, WHOLE_STARS)
    assert rows.values.tolist() == [5, 3]
    assert rows.sha256 == read_ratings(U_DATA, GOOD, WHOLE_STARS).sha256  # or the official folds would be refused


@pytest.mark.parametrize("content", [b"\n", b" \r\n\n"])
def test_a_file_of_blank_lines_has_no_ratings(content: bytes) -> None:
    with pytest.raises(EmptyFileError, match=r"u.data has no ratings"):
        read_ratings(U_DATA, content, WHOLE_STARS)


@pytest.mark.parametrize("step", [0.1, 0.2, 0.25, 0.5, 1.0, 0.01, 0.3])
def test_every_step_of_a_scale_is_a_rating_however_a_program_wrote_it(step: float) -> None:
    scale = RatingScale(1.0, 1.0 + 10 * step, step)
    given = [1.0 + k * step for k in range(11)]
    for written in (str, lambda value: str(round(value, 2)), lambda value: str(float(np.float32(value)))):
        lines = "".join(f"{user}\t1\t{written(value)}\t0\n" for user, value in enumerate(given))
        values = read_ratings(U_DATA, lines.encode(), scale).values
        np.testing.assert_array_equal(values, np.array([round(value, 2) for value in given], dtype=np.float32))
    for value in (1.0 - step, 1.0 + 0.4 * step, 1.0 + 11 * step):
        with pytest.raises(RatingOutsideScaleError, match="is none of"):
            read_ratings(U_DATA, f"1\t1\t{value}\t0\n".encode(), scale)


def test_a_rating_beside_a_step_is_that_step() -> None:
    assert read_ratings(RATINGS_DAT, b"1::1::3.5000000000000004::1\n", HALF_STARS).values.tolist() == [3.5]


@pytest.mark.filterwarnings("error")  # a warning of pandas' would come without a file or a line
@given(st.data())
def test_whatever_bytes_a_file_has_it_is_read_or_refused_for_a_reason(data: st.DataObject) -> None:
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        removed = data.draw(st.integers(0, 3))
        content[place : place + removed] = data.draw(
            st.binary(max_size=3) | st.sampled_from([b"\t", b"\n", b"\r", b'"', b"e9", b".5", b"-", b"inf", b"\xff"])
        )
    try:
        rows = read_ratings(U_DATA, bytes(content), WHOLE_STARS)
    except DataError as error:
        assert str(error).startswith("u.data")
    else:
        assert_sound(rows)


def assert_sound(rows: RatingRows) -> None:
    assert set(rows.values.tolist()) <= {1, 2, 3, 4, 5}
    assert rows.users.max() == rows.user_ids.size - 1
    assert rows.items.max() == rows.item_ids.size - 1
    assert rows.user_ids.min() >= 0
    assert len({*zip(rows.users.tolist(), rows.items.tolist(), strict=True)}) == rows.values.size


MOVIES_DAT: TableFile[Item] = find("10m").published.items
MOVIES_CSV: TableFile[Item] = find("25m").published.items


@pytest.mark.parametrize(
    ("second_line", "error", "complaint"),
    [
        (b"2::Pier (1990)", MalformedRowError, "there are 2 fields where there should be 3"),
        (b"two::Pier (1990)::Drama", MalformedRowError, "invalid literal for int() with base 10: 'two'"),
        (b"\n3::Pier (1990)::Drama", MalformedRowError, "there are 1 fields where there should be 3"),
        (b"-2::Pier (1990)::Drama", InvalidIdError, "the id -2 is negative"),
        (b"1::Pier (1990)::Drama", DuplicateIdError, "the id 1 occurs a second time"),
        (b"2::Caf\xe9 (1990)::Drama", EncodingError, "is not utf-8 text"),
    ],
)
def test_a_bad_line_of_a_table_is_named(second_line: bytes, error: type[DataError], complaint: str) -> None:
    with pytest.raises(error) as raised:
        read_items(MOVIES_DAT, b"1::Jetty (1980)::Drama\n" + second_line + b"\n", np.array([1]))
    assert str(raised.value).startswith("movies.dat, line 2")
    assert complaint in str(raised.value)


def test_an_open_quote_and_another_header_of_a_table_are_refused() -> None:
    with pytest.raises(MalformedRowError, match=r"movies.csv, line 2: unexpected end of data"):
        read_items(MOVIES_CSV, b'movieId,title,genres\n1,"Jetty,Drama\n', np.array([1]))
    with pytest.raises(MalformedRowError, match=r"movies.csv, line 1 is 'id,title' instead of 'movieId,title,genres'"):
        read_items(MOVIES_CSV, b"id,title\n", np.array([1]))


MOVIES_OF_1M: TableFile[Item] = find("1m").published.items


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
def test_a_latin_1_table_that_an_editor_saved_as_utf_8_has_the_same_titles(encoding: str) -> None:
    text = "1::Cité des enfants perdus, La (1995)::Drama\n2::Die Blechtrommel (1979)::Drama\n"
    items = read_items(MOVIES_OF_1M, text.encode(encoding), np.array([1, 2]))
    assert items["title"].tolist() == ["Cité des enfants perdus, La", "Die Blechtrommel"]


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0xFF), min_size=1), st.text("abc '(", min_size=1))
def test_latin_1_letters_are_never_taken_for_utf_8(letters: str, others: str) -> None:
    assert encoding_of((letters + others).encode("latin-1"), "latin-1") == "latin-1"


def test_blank_lines_at_the_end_of_a_table_are_no_rows() -> None:
    items = read_items(MOVIES_DAT, b"1::Jetty (1980)::Drama\r\n\r\n\n", np.array([1]))
    assert items["title"].tolist() == ["Jetty"]


def test_a_table_without_rows_is_refused() -> None:
    with pytest.raises(EmptyFileError, match=r"movies.dat has no rows"):
        read_items(MOVIES_DAT, b"", np.array([1]))


def test_a_table_that_lacks_an_id_of_the_ratings_is_refused() -> None:
    with pytest.raises(UnlistedIdError, match=r"movies.dat has no line for id 7 and 1 others"):
        read_items(MOVIES_DAT, b"1::Jetty (1980)::Drama\n", np.array([1, 7, 8]))


def test_an_occupation_that_the_publisher_does_not_explain_is_refused() -> None:
    users: TableFile[User] | None = find("1m").published.users
    assert users is not None
    with pytest.raises(MalformedRowError, match=r"users.dat, line 1: occupation 21 is not one of the codes 0 to 20"):
        read_users(users, b"1::F::25::21::00501\n", np.array([1]))
