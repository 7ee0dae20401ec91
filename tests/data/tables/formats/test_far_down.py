"""A fault far down a file, beyond the first block and what is looked at to recognise it, is named by its line."""

from __future__ import annotations

import gzip
import itertools
from pathlib import Path

import pytest

from data.errors import DataError, DuplicateRatingError, EncodingError, MalformedRowError, RatingOutsideScaleError
from data.tables.formats import text
from tests.data.tables.rows import read

N = 30_000  # rows, of over ten blocks
HEADER = "user,item,rating,time\n"


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    for blocks in ("_BLOCK", "_OF_WINDOW"):
        monkeypatch.setattr(text, blocks, 1 << 15)
    monkeypatch.setattr(text, "_WINDOW", 1 << 17)


def content(fault: bytes, at: int) -> bytes:
    """Rows of which some hold line ends and blank lines, each on its own count, with a fault in line `at`."""
    lines = [HEADER.encode()]
    for n in itertools.count():
        if len(lines) >= N:
            break
        if n % 7_001 == 7_000:
            lines += [b'"user\n', f'{n}",1,{n % 5 + 1},{n}\n'.encode()]
        elif n % 9_001 == 9_000:
            lines += [b"\n", b"  \n"]
        else:
            lines.append(f"{n},1,{n % 5 + 1},{n}\n".encode())
    assert lines[at - 1].count(b",") == 3
    lines[at - 1] = fault + b"\n"
    return b"".join(lines)


@pytest.mark.parametrize(
    ("fault", "error", "complaint"),
    [
        (b"x,1,5", MalformedRowError, "3 fields instead of 4 in 'x,1,5'"),
        (b"x,1,five,0", MalformedRowError, "the rating 'five' is not a number"),
        (b"x,1,,0", MalformedRowError, "the rating is missing"),
        (b",1,5,0", MalformedRowError, "the user id is missing"),
        (b"x,1,5,", MalformedRowError, "the time is missing"),
        (b"x,1,5,noon", MalformedRowError, "the time 'noon' is neither a number nor a date"),
        (b"x,1,5,-7", MalformedRowError, "the time -7 is not of the years"),
        (b"x,1,7,0", RatingOutsideScaleError, "the rating 7 is none of 1, 2, ... 5"),
        (b"3,1,4,0", DuplicateRatingError, "user 3 rates item 1 again, after"),
        (b"Ren\xe9,1,5,0", EncodingError, "is no UTF-8 text"),
        (b"x,\xff,5,0", EncodingError, "is no UTF-8 text"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_the_line_of_a_fault_is_right(
    fault: bytes, error: type[DataError], complaint: str, packed: bool, tmp_path: Path
) -> None:
    at = N - 1_234
    whole = content(fault, at)
    with pytest.raises(error) as raised:
        read(tmp_path, gzip.compress(whole, 1) if packed else whole, scale="1,5")
    assert f"plays.csv, line {at}" in str(raised.value)
    assert complaint in str(raised.value)


def test_without_the_fault_all_of_it_is_read(tmp_path: Path) -> None:
    ratings = read(tmp_path, content(b"x,1,5,0", N - 1_234))
    assert len(ratings) == ratings.n_users == N - 1 - 4 - 6
    assert "user\n7000" in ratings.user_ids.tolist()


def test_times_that_become_fractions_far_down_are_read(tmp_path: Path) -> None:
    ratings = read(tmp_path, content(b"x,1,5,7.5", N - 1_234))
    assert ratings.timestamps is not None
    assert int(ratings.timestamps[ratings.users == ratings.n_users - 1][0]) in (7, N)
