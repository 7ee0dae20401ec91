"""Tests of the product of a linear network's layers."""

from __future__ import annotations

import pytest
import torch

from recsys.linalg.product import product


def test_the_first_layer_stands_on_the_right() -> None:
    first, second, third = (torch.randn(2, *shape, dtype=torch.float64) for shape in ((3, 5), (3, 3), (4, 3)))
    expected = torch.einsum("bij,bjk,bkl->bil", third, second, first)
    torch.testing.assert_close(product([first, second, third]), expected)


def test_a_single_layer_is_the_product() -> None:
    layer = torch.randn(3, 5)
    assert product([layer]) is layer


def test_no_layer_is_refused() -> None:
    with pytest.raises(TypeError, match="empty"):
        product([])
