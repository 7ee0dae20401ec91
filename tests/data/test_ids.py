"""Ids: sorted, found, and equal to the byte, whatever text they are."""

from __future__ import annotations

from zlib import crc32

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.ids import StringIds, find, positions

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
# Two words of one hash, which a birthday in 32 bits gives after some ten thousand tries.
PLUMLESS, BUCKEROO = "plumless", "buckeroo"


@given(st.lists(TEXT, min_size=1), st.lists(TEXT))
def test_every_string_is_found_where_it_stands_and_no_other_is(strings: list[str], others: list[str]) -> None:
    ids = StringIds.from_strings(strings)
    expected = sorted(set(strings))
    assert ids.tolist() == expected
    asked = [*strings, *others]
    places, known = positions(ids, asked)
    for string, place, is_known in zip(asked, places.tolist(), known.tolist(), strict=True):
        assert find(ids, string) == (place if is_known else None)
        assert is_known == (string in expected)
        assert place == (expected.index(string) if is_known else 0)


@pytest.mark.parametrize("odd", ["", "\0", "a\0", "NaN", "007", "7", " 7", "é", "é", "🦊", "a,b", '"', "x" * 1_000_000])
def test_odd_strings_are_ids_of_their_own(odd: str) -> None:
    ids = StringIds.from_strings([odd, "a", "7.0"])
    assert ids[find(ids, odd) or 0] == odd
    assert find(ids, odd + "\0") is None


def test_strings_of_one_hash_are_told_apart() -> None:
    assert crc32(PLUMLESS.encode()) == crc32(BUCKEROO.encode())
    for known in ([PLUMLESS], [BUCKEROO], [PLUMLESS, BUCKEROO]):
        ids = StringIds.from_strings(known)
        for word in (PLUMLESS, BUCKEROO):
            assert (find(ids, word) is not None) == (word in known)
        assert positions(ids, [BUCKEROO, PLUMLESS])[1].tolist() == [BUCKEROO in known, PLUMLESS in known]


def test_strings_are_taken_at_many_places_at_once() -> None:
    ids = StringIds.from_strings(["b", "a", "ü"])
    assert ids[np.array([2, 0, 0])].tolist() == ["ü", "a", "a"]
    assert (ids[-1], len(ids)) == ("ü", 3)
    with pytest.raises(IndexError):
        ids[3]


def test_half_a_surrogate_pair_is_nobodys_id() -> None:
    assert find(StringIds.from_strings(["a"]), "\ud83e") is None
    with pytest.raises(UnicodeEncodeError):
        StringIds.from_strings(["\ud83e"])


def test_an_id_of_the_other_kind_is_unknown_alone_and_an_error_among_many() -> None:
    numbers, strings = np.array([1, 7]), StringIds.from_strings(["7"])
    assert (find(numbers, 7), find(numbers, "7"), find(strings, 7)) == (1, None, None)
    with pytest.raises(TypeError, match="ids are text here, not int such as 7"):
        positions(strings, [7])
    with pytest.raises(TypeError, match="whole numbers"):
        positions(numbers, ["7"])


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("offsets", np.array([0, 1]), "do not ascend from 0"),
        ("hashes", np.array([1], np.uint32), "3 strings need 3 hashes"),
        ("offsets", np.array([0, 2, 1, 4]), "do not ascend from 0"),
        ("offsets", np.array([0, 1, 3, 4]), "within a character"),
        ("text", np.frombuffer(b"ab\xc3(", np.uint8), "utf-8"),
        ("hashes", np.array([3, 2, 1], np.uint32), "hashes of strings do not ascend"),
        ("by_hash", np.array([0, 1, 3], np.int32), "of no string"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(name: str, value: np.ndarray, said: str) -> None:
    sound = StringIds.from_strings(["a", "b", "ü"])
    arrays = {each: getattr(sound, each) for each in ("offsets", "text", "hashes", "by_hash")}
    with pytest.raises(ValueError, match=said):
        StringIds(**{**arrays, name: value})
