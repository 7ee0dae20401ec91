"""The best of many scores."""

from __future__ import annotations

import numpy as np
import pytest

from recsys.artifact import best


@pytest.mark.parametrize(("offset", "n"), [(0, 3), (2, 3), (0, 50), (49, 5), (60, 5), (7, 13)])
def test_a_page_is_that_part_of_the_whole_stable_order(offset: int, n: int) -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, 50).astype(np.float32)  # many equals
    candidates = rng.random(50) < 0.8
    whole = [i for i in np.argsort(-scores, kind="stable") if candidates[i]]
    assert best(scores, candidates, offset, n).tolist() == whole[offset : offset + n]
