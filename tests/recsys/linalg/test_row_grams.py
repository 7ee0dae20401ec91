"""Gram matrices of rows are the sums they stand for, however the rows are cut and padded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from data.sorted_ratings import SortedRatings, both_orders
from recsys.linalg import row_grams
from recsys.linalg.row_grams import RowGrams

N, M = 23, 40


def entries(seed: int = 0) -> SortedRatings:
    """About a third of a matrix; the first row is full, and the last ones are empty."""
    generator = np.random.default_rng(seed)
    here = generator.random((N, M)) < generator.random((N, 1))
    here[0], here[-2:] = True, False
    rows, columns = np.nonzero(here)
    return both_orders(rows, columns, generator.standard_normal(rows.size).astype(np.float32), N, M).by_user


def one_by_one(found: SortedRatings, values: np.ndarray, vectors: Tensor) -> Tensor:
    """The sums in float64, an entry after the other."""
    sums, exact = torch.zeros(N, 5, 5, dtype=torch.float64), vectors.double()
    for row, column, value in zip(found.sides, found.others, values, strict=True):
        z = exact[column].clone()
        z[-1] = exact[column, 0] * float(value) - exact[column, -1]
        sums[row] += torch.outer(z, z)
    return sums


@pytest.mark.parametrize("longest", [1, 7, 1024])
@pytest.mark.parametrize("together", [1, 50, 1 << 16])
def test_they_are_the_sums_over_the_entries_of_each_row(
    longest: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_grams, "_LONGEST", longest)
    monkeypatch.setattr(row_grams, "_TOGETHER", together)
    vectors = torch.randn(M, 5, generator=torch.Generator().manual_seed(1))
    found = entries()
    grams = RowGrams(found, M)
    torch.testing.assert_close(
        grams.of(vectors).double(), one_by_one(found, found.values, vectors), rtol=1e-5, atol=1e-4
    )
    others = np.linspace(-2, 2, found.values.size, dtype=np.float32)
    grams.set_values(others)
    torch.testing.assert_close(grams.of(vectors).double(), one_by_one(found, others, vectors), rtol=1e-5, atol=1e-4)


def test_without_entries_they_are_zero() -> None:
    nothing = np.zeros(0, np.int64)
    of_none = both_orders(nothing, nothing, nothing.astype(np.float32), 3, 4).by_user
    assert not RowGrams(of_none, 4).of(torch.ones(4, 2)).any()
