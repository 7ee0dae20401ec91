"""The pairwise sum is exact to rounding and rounds the same way in numpy and torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recsys.linalg.pairwise_sum import pairwise_sum


@given(st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_the_pairwise_sum_is_exact_to_rounding_and_the_same_in_torch(k: int, seed: int) -> None:
    terms = np.random.default_rng(seed).normal(size=(3, k)).astype(np.float32)
    before = terms.copy()
    total = pairwise_sum(terms)
    assert np.array_equal(terms, before)
    assert total == pytest.approx(terms.astype(np.float64).sum(-1), abs=1e-5)
    assert np.array_equal(total, pairwise_sum(torch.from_numpy(terms)).numpy())
