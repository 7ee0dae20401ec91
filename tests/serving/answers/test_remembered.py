"""Scores of new users are computed once, as long as these are among the last."""

from __future__ import annotations

from unittest.mock import create_autospec

import numpy as np

from recsys.artifact import Floats, Positions
from serving.answers.fold_in import remembered
from serving.answers.fold_in.answer import FoldIn
from serving.answers.fold_in.remembered import Remembered

N_ITEMS = 5


def test_the_same_ratings_are_computed_once_and_others_are_not_taken_for_them() -> None:
    computed = []

    def scores(items: Positions, ratings: Floats) -> tuple[Floats, float]:
        computed.append((items.tolist(), ratings.tolist()))
        return np.full(N_ITEMS, ratings.sum(), np.float32), float(ratings.sum())

    fold_in = create_autospec(FoldIn, instance=True)
    fold_in.scores.side_effect = scores
    memory = Remembered(fold_in, remembered._BYTES // (4 * 2))  # room for two users
    one = np.array([0, 3], np.int64), np.array([1, 2], np.float32)
    two = np.array([0, 3], np.int64), np.array([2, 1], np.float32)
    three = np.array([0, 4], np.int64), np.array([1, 2], np.float32)
    assert not memory.has(*one)
    for given in (one, two, one):
        assert memory.scores(*given)[1] == 3
    assert memory.has(*one)
    assert len(computed) == 2
    memory.scores(*three)  # in place of who was not asked for longest
    assert (memory.has(*one), memory.has(*two), memory.has(*three)) == (True, False, True)
