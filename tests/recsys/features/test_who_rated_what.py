"""Who rated what, whatever the rating."""

from __future__ import annotations

import pytest
import torch

from data.movielens import Ratings
from recsys.features import Known, WhoRatedWhat


def test_who_rated_what_is_what_a_row_has_beyond_the_average_and_counts_more_with_more_ratings(
    movielens_100k: Ratings,
) -> None:
    users, items = torch.tensor([0, 0, 2]), torch.tensor([1, 3, 1])
    rated = WhoRatedWhat().of_users(Known(users, items, 943, 1682, movielens_100k))
    assert rated is not None
    assert not rated[1].any(), "no ratings, nothing beyond the average"
    shares = {0: 2 / 12, 2: 1 / 11}
    mean = [
        (shares[0] * 2**-0.5 + shares[2]) / (shares[0] + shares[2]),
        shares[0] * 2**-0.5 / (shares[0] + shares[2]),
    ]
    assert rated[0, [1, 3]].tolist() == pytest.approx([shares[0] * (2**-0.5 - m) for m in mean])
    assert rated[2, [1, 3]].tolist() == pytest.approx([shares[2] * (1 - mean[0]), -shares[2] * mean[1]])
    torch.testing.assert_close(rated.sum(0), torch.zeros(1682), rtol=0, atol=1e-6)
