"""Ids that a request names are found, missed or refused with a word on why."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.artifact import Id, StringIds
from serving.answers.known_ids import KnownIds, UnknownIdError, WrongKindOfIdError

NUMBERS = KnownIds("user", np.array([-(2**63), 7, 2**63 - 1]))
TEXT = KnownIds("item", StringIds.from_strings(["", "007", "ü"]))


def test_ids_are_found_where_they_stand() -> None:
    assert (NUMBERS.find(7), NUMBERS.find(8), NUMBERS[1]) == (1, None, 7)
    assert (TEXT.find("007"), TEXT.find("7"), TEXT[0]) == (1, None, "")
    for ids, asked in ((NUMBERS, [7, 2**63 - 1, 8]), (TEXT, ["007", "ü", "x"])):
        places, known = ids.positions(asked)
        assert (places.tolist(), known.tolist()) == ([1, 2, 0], [True, True, False])
        assert ids.positions([])[0].tolist() == []


@pytest.mark.parametrize(("ids", "asked", "shown"), [(NUMBERS, 8, "user 8"), (TEXT, "8", 'item "8"')])
def test_an_unknown_id_is_named(ids: KnownIds, asked: Id, shown: str) -> None:
    for ask in (lambda: ids.position(asked), lambda: ids.positions([ids[0], asked], strict=True)):
        with pytest.raises(UnknownIdError, match=f"the model knows no {shown}$"):
            ask()


@pytest.mark.parametrize(
    ("ids", "asked", "said"),
    [
        (NUMBERS, "7", 'whole numbers of at most 64 bits, not "7"'),
        (NUMBERS, 'a"\n' * 100, r'not "a\"\n.* …'.replace("\\", "\\\\")),
        (NUMBERS, True, "not True"),
        (TEXT, 7, "text, not 7"),
    ],
)
def test_the_wrong_kind_is_told_which_is_right(ids: KnownIds, asked: Id, said: str) -> None:
    with pytest.raises(WrongKindOfIdError, match=said):
        ids.find(asked)
    with pytest.raises(WrongKindOfIdError, match=rf"_id\.1: .*{said}"):
        ids.positions([ids[0], asked])


@pytest.mark.parametrize(
    "text", ["", " 7", "7 ", "+7", "7.0", "1_0", "٧", "0x7", "9" * 19, "-9223372036854775809", "9" * 5000]
)
def test_text_that_is_no_whole_number_of_64_bits_is_no_id_of_such_a_model(text: str) -> None:
    with pytest.raises(WrongKindOfIdError, match="user_id: the user ids of this model are whole numbers"):
        NUMBERS.from_text(text)
    assert TEXT.from_text(text) == text


def test_text_of_a_whole_number_is_one() -> None:
    assert [NUMBERS.from_text(text) for text in ("7", "007", "-0", str(2**63 - 1), str(-(2**63)))] == [
        7, 7, 0, 2**63 - 1, -(2**63),
    ]  # fmt: skip
