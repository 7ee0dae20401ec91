"""Items without titles are found by their ids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys.artifact import StringIds
from serving.answers import id_search
from serving.answers.id_search import IdSearch

TEXT = st.text(st.sampled_from("aAbBé🦊 "), max_size=5)


@pytest.fixture(params=[4, 1 << 20], autouse=True)
def _block(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids that lie on both sides of the end of a block are found, too."""
    monkeypatch.setattr(id_search, "_BLOCK", request.param)


@pytest.mark.usefixtures("_block")
def test_ids_that_are_the_query_come_first_then_those_that_begin_with_it_then_those_that_hold_it() -> None:
    ids = StringIds.from_strings(["ab", "ABC", "xab", "xabab", "b", "", "a\nb", "ba"])
    order = np.arange(ids.size)[::-1]
    found = [ids[place] for place in IdSearch(ids, order).search("ab").items.tolist()]
    assert found == ["ab", "ABC", "xabab", "xab"]
    assert IdSearch(ids, order).search("  ").items.tolist() == order.tolist()
    assert IdSearch(ids, order).search("ab" * 100).items.size == 0
    assert [ids[place] for place in IdSearch(ids, order).search("\n").items.tolist()] == ["a\nb"]


def test_whole_numbers_are_found_as_they_are_written() -> None:
    ids = np.array([-12, 1, 12, 112, 120])
    search = IdSearch(ids, np.arange(5))
    assert ids[search.search("12").items].tolist() == [12, 120, -12, 112]
    assert ids[search.search("-").items].tolist() == [-12]
    assert not search.search("12").approximate


@given(st.lists(TEXT, min_size=1), TEXT.filter(lambda text: text.strip(" ")))
def test_what_is_found_is_what_holds_the_query(strings: list[str], query: str) -> None:
    ids = StringIds.from_strings(strings)
    folded = query.replace("A", "a").replace("B", "b")

    def rank(text: str) -> int:
        text = text.replace("A", "a").replace("B", "b")
        return 0 if text == folded else 1 if text.startswith(folded) else 2 if folded in text else 3

    expected = sorted((each for each in ids if rank(each) < 3), key=rank)
    assert [ids[place] for place in IdSearch(ids, np.arange(ids.size)).search(query).items.tolist()] == expected
