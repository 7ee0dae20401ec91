"""Sparse products and their gradients, against dense ones in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from data.sorted_ratings import both_orders
from recsys.linalg.pattern import Pattern, Weighted

ROWS, COLUMNS = torch.tensor([2, 0, 2, 3, 2]), torch.tensor([1, 2, 0, 1, 2])  # neither is sorted, and some are missing


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_stand_in_their_places(dtype: torch.dtype) -> None:
    pattern, values = Pattern(ROWS, COLUMNS, (5, 3)), torch.arange(1, 6, dtype=dtype)
    dense = torch.zeros(5, 3, dtype=dtype)
    dense[ROWS, COLUMNS] = values
    assert torch.equal(pattern.matrix(values).to_dense(), dense)
    assert torch.equal(pattern.transposed.matrix(values).to_dense(), dense.T)


def test_products_and_their_gradients_are_those_of_gathered_rows() -> None:
    generator = torch.Generator().manual_seed(0)
    rows, columns = (torch.randint(n, (400,), generator=generator) for n in (30, 40))  # some pairs occur twice
    left, right = (torch.randn(n, 7, generator=generator, dtype=torch.float64, requires_grad=True) for n in (30, 40))
    outer = torch.randn(400, generator=generator, dtype=torch.float64)
    found = Pattern(rows, columns, (30, 40)).products(left, right)
    expected = (left[rows] * right[columns]).sum(1)
    torch.testing.assert_close(found, expected)
    gradients = zip(*(torch.autograd.grad(each, (left, right), outer) for each in (found, expected)), strict=True)
    for ours, theirs in gradients:
        torch.testing.assert_close(ours, theirs)


def test_a_pattern_may_be_empty() -> None:
    none = torch.zeros(0, dtype=torch.long)
    left = torch.ones(2, 3, requires_grad=True)
    products = Pattern(none, none, (2, 4)).products(left, torch.ones(4, 3))
    (gradient,) = torch.autograd.grad(products.sum(), left)
    assert products.shape == (0,) and not gradient.any()


@pytest.mark.parametrize("block", [1, 3, 100])
def test_a_matrix_of_ones_has_them_at_its_entries_in_blocks_of_any_size(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.linalg.pattern._BLOCK", block)
    dense = torch.zeros(5, 3, dtype=torch.float64)
    dense[ROWS, COLUMNS] = 1
    by_row, by_column = both_orders(ROWS.numpy(), COLUMNS.numpy(), np.zeros(5, np.float32), 5, 3)
    assert torch.equal(Weighted(by_row, 3, np.ones_like) @ torch.eye(3, dtype=torch.float64), dense)
    assert torch.equal(Weighted(by_column, 5, np.ones_like) @ torch.eye(5, dtype=torch.float64), dense.T)
