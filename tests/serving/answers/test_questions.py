"""What a new user is asked first."""

from __future__ import annotations

import pytest

from serving.answers.known_ids import UnknownIdError
from serving.answers.questions import next_to_rate
from serving.answers.recommender import Recommender
from tests.serving.answers.test_conditional import artefact


def test_a_new_user_is_asked_for_what_would_tell_most_and_for_nothing_rated_or_not_known() -> None:
    recommender = Recommender(artefact())
    first = next_to_rate(recommender, {}, [], n=9)
    worth = [each.variance_reduction * each.known_by / (0.2 + each.known_by) for each in first.page]
    assert worth == sorted(worth, reverse=True)
    assert [question.known_by for question in first.page] == [each.item.n_ratings / 6 for each in first.page]
    assert (first.total, len(first.page), first.ignored) == (4, 4, [])  # nobody has rated Starman

    rated: dict[int | str, float] = {11: 5.0, 99: 1.0}
    then = next_to_rate(recommender, rated, [13, 98], n=9)
    assert sorted(question.item.item_id for question in then.page) == [10, 12]
    assert (then.total, then.ignored) == (2, [99])
    before = {question.item.item_id: question.variance_reduction for question in first.page}
    assert all(question.variance_reduction < before[question.item.item_id] for question in then.page)
    assert next_to_rate(recommender, rated, [13, 98], n=1).page == then.page[:1]
    with pytest.raises(UnknownIdError, match="item 99"):
        next_to_rate(recommender, rated, [], n=1, strict=True)
