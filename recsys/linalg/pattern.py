"""Sparse matrices that share one pattern of entries: what a set of ratings is to a model."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

with warnings.catch_warnings():  # said once a process: that sparse tensors are in beta state; not amid a fit, then
    warnings.simplefilter("ignore", UserWarning)
    torch.sparse_csr_tensor(torch.zeros(1), torch.zeros(0), torch.zeros(0), (0, 0), check_invariants=False)


def ones(rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> Tensor:
    """The matrix of a shape (n, m) that is 1 at the given rows, columns (nnz,), in compressed rows, float64.

    An entry that is given several times is 1 as well. Memory: 12 bytes for each entry, and 4 for each row.
    """
    places = torch.unique(rows * shape[1] + columns)  # ascending, as compressed rows are
    starts = torch.nn.functional.pad(torch.bincount(places // shape[1], minlength=shape[0]).cumsum(0), (1, 0)).int()
    entries = (places % shape[1]).int()
    values = torch.ones(len(places), dtype=torch.float64)
    return torch.sparse_csr_tensor(starts, entries, values, shape, check_invariants=False)


class Pattern:
    """Where a matrix (n, m) has entries; their values are given as a tensor (nnz,), in the order of `rows`, `columns`.

    Dot products of embeddings at the entries, with their gradients, take a small part of the time that it takes to
    gather a row of both factors for each entry and to add up the gradients of these rows.
    """

    def __init__(self, rows: Tensor, columns: Tensor, shape: tuple[int, int]) -> None:
        """Sort the entries (nnz,) of the given rows and columns."""
        self.rows, self.columns, self.shape = rows, columns, shape
        self._order = torch.argsort(rows * shape[1] + columns)
        places = torch.arange(len(rows), device=rows.device)
        self._back = torch.empty_like(places).scatter_(0, self._order, places)  # the inverse of the order
        self._columns = columns.index_select(0, self._order).int()
        self._starts = torch.nn.functional.pad(torch.bincount(rows, minlength=shape[0]).cumsum(0), (1, 0)).int()

    @cached_property
    def transposed(self) -> Pattern:
        """The pattern of the transpose (m, n), with its entries in the same order."""
        return Pattern(self.columns, self.rows, (self.shape[1], self.shape[0]))

    def matrix(self, values: Tensor) -> Tensor:
        """The matrix with the values (nnz,), in compressed rows (torch.sparse_csr)."""
        ordered = values.index_select(0, self._order)
        return torch.sparse_csr_tensor(self._starts, self._columns, ordered, self.shape, check_invariants=False)

    def products(self, left: Tensor, right: Tensor) -> Tensor:
        """left_i · right_j for left (n, d) and right (m, d), at each entry (i, j), (nnz,); differentiable once."""
        value: Tensor = _Products.apply(self, left, right)  # type: ignore[no-untyped-call]  # torch has no types here
        return value


class _Products(torch.autograd.Function):
    """y_e = left_i · right_j at entries e = (i, j): ∂L/∂left = G right and ∂L/∂right = Gᵀ left, with G_ij = ∂L/∂y_e."""

    @staticmethod
    @override
    def forward(ctx: Any, pattern: Pattern, left: Tensor, right: Tensor) -> Tensor:
        ctx.pattern = pattern
        ctx.save_for_backward(left, right)
        nothing = pattern.matrix(left.new_zeros(len(pattern.rows)))
        values: Tensor = torch.sparse.sampled_addmm(nothing, left, right.mT, beta=0).values()
        return values.index_select(0, pattern._back)

    @staticmethod
    @torch.autograd.function.once_differentiable
    @override
    def backward(ctx: Any, outer: Tensor) -> tuple[None, Tensor, Tensor]:
        left, right = ctx.saved_tensors
        return None, ctx.pattern.matrix(outer) @ right, ctx.pattern.transposed.matrix(outer) @ left
