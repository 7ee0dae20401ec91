"""Decompositions by LAPACK, of products, and the effective rank."""

from __future__ import annotations

import pytest
import torch

from recsys.linalg.spectral import (
    NonFiniteMatrixError,
    accurate_singular_values,
    effective_rank,
    leading_singular_vectors,
    product_singular_values,
    singular_values,
)
from recsys.linalg.tall import column_space
from recsys.share import Share
from tests.recsys.linalg.planted import (
    KINDS,
    NONZERO,
    either_precision,
    planted,
)


class TestEffectiveRank:
    def test_of_equal_singular_values_it_is_their_number(self) -> None:
        values = torch.tensor([2.0, 2.0, 2.0, 0.0, 0.0], dtype=torch.float64)
        torch.testing.assert_close(effective_rank(values), torch.tensor(3.0, dtype=torch.float64))

    def test_of_unequal_ones_it_is_the_exponential_of_their_entropy(self) -> None:
        values = torch.tensor([3.0, 1.0], dtype=torch.float64)  # shares 3/4 and 1/4: 4 / 27^(1/4)
        torch.testing.assert_close(effective_rank(values), torch.tensor(4 / 27**0.25, dtype=torch.float64))

    def test_of_the_zero_matrix_it_is_zero(self) -> None:
        assert effective_rank(torch.zeros(4)) == 0

    def test_of_a_batch_it_is_that_of_each_element(self) -> None:
        values = torch.tensor([[1.0, 1.0], [5.0, 0.0], [0.0, 0.0]])
        torch.testing.assert_close(effective_rank(values), torch.tensor([2.0, 1.0, 0.0]))

    @either_precision
    @pytest.mark.parametrize("name", NONZERO)
    def test_of_a_matrix_it_is_that_of_its_planted_values(self, name: str, dtype: torch.dtype) -> None:
        kind = KINDS[name]
        # A zero that rounding lifts to √ε σ′ adds √ε log(1/√ε) of itself.
        tolerance = 1e-5 if dtype == torch.float64 else 0.1
        rank = effective_rank(singular_values(kind.matrix(dtype))).double()
        torch.testing.assert_close(rank, effective_rank(kind.all_values()), rtol=tolerance, atol=0)


@pytest.mark.parametrize(("m", "n", "k"), [(30, 20, 4), (5, 40, 5), (6, 7, 1), (3, 4, 9)], ids=str)
def test_singular_values_of_a_product_are_those_of_the_product_formed(m: int, n: int, k: int) -> None:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(m, k, generator=generator, dtype=torch.float64)
    right = torch.randn(n, k, generator=generator, dtype=torch.float64)
    values = product_singular_values(left, right, Share.whole(len(left)))
    torch.testing.assert_close(values, torch.linalg.svdvals(left @ right.mT)[: len(values)], rtol=1e-12, atol=1e-12)
    assert len(values) >= min(m, n, k), "none is missing"


class TestAccurateDecompositions:
    # The Gram matrix loses what is below √ε σ₁ = 1e-8.
    VALUES = torch.tensor([1.0, 0.5, 1e-3, 1e-7, 1e-11, 1e-13], dtype=torch.float64)
    ROUNDING = 6 * torch.finfo(torch.float64).eps  # of σ₁ = 1, for six columns

    def test_small_singular_values_keep_their_digits(self) -> None:
        batch = torch.stack([planted(9, 6, self.VALUES, seed=seed) for seed in (0, 1)])
        torch.testing.assert_close(
            accurate_singular_values(batch), self.VALUES.expand(2, 6), rtol=0, atol=self.ROUNDING
        )

    def test_leading_singular_vectors_give_the_closest_matrix_of_a_rank(self) -> None:
        matrix = planted(6, 9, self.VALUES)
        for rank in (1, 3, 6):
            left, values, right = leading_singular_vectors(matrix, rank)
            rest = torch.linalg.matrix_norm(matrix - (left * values) @ right.mT, 2)
            torch.testing.assert_close(rest, self.VALUES[rank : rank + 1].sum(), rtol=0, atol=2 * self.ROUNDING)
            for basis in (left, right):
                torch.testing.assert_close(basis.mT @ basis, torch.eye(rank, dtype=torch.float64), rtol=0, atol=1e-14)

    @pytest.mark.parametrize("shape", [(6, 9), (9, 6), (7, 7)])
    def test_a_column_space_has_the_directions_that_are_not_rounding(self, shape: tuple[int, int]) -> None:
        matrix = planted(*shape, torch.tensor([5.0, 1.0, 1.0, 1e-3, 1e-9], dtype=torch.float64))
        basis, values = column_space(matrix.float() if shape[0] == 7 else matrix, Share.whole(len(matrix)))
        torch.testing.assert_close(values, torch.tensor([5.0, 1.0, 1.0, 1e-3], dtype=torch.float64), rtol=1e-4, atol=0)
        torch.testing.assert_close(basis.mT @ basis, torch.eye(4, dtype=torch.float64), rtol=0, atol=1e-7)
        torch.testing.assert_close(basis @ (basis.mT @ matrix), matrix, rtol=0, atol=1e-6)

    def test_a_matrix_with_an_undefined_entry_is_refused(self) -> None:
        broken = torch.full((2, 3), torch.nan)
        with pytest.raises(NonFiniteMatrixError, match=r"\(2, 3\)"):
            accurate_singular_values(broken)
        with pytest.raises(NonFiniteMatrixError, match=r"\(2, 3\)"):
            column_space(broken, Share.whole(len(broken)))
        with pytest.raises(NonFiniteMatrixError, match=r"\(2, 3\)"):
            leading_singular_vectors(broken, 1)
