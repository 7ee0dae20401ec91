"""Penalties: their values, their closed-form gradients, and that nothing in them can be undefined."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from recsys.penalties import (
    NuclearNormPenalty,
    RatioPenalty,
    SchattenRatioPenalty,
)
from tests.recsys.linalg.planted import FULL_RANK, KINDS, NONZERO, Kind, planted, reference
from tests.recsys.penalties.configurations import (
    ORDERS,
    PENALTIES,
    STRENGTH,
    Make,
    either_precision,
    every_penalty,
    gradient,
    scale_free,
)

LOW_RANK = [name for name in NONZERO if name not in FULL_RANK]


UNEQUAL = [name for name in FULL_RANK if len(set(KINDS[name].values)) > 1]


LIFTABLE = [name for name in NONZERO if KINDS[name].liftable]


EXACT = [name for name in NONZERO if name not in LIFTABLE]


LIFTED = 1e-7  # what rounding makes of a zero at most, √(GROWTH ε) σ′ in float64


def of_kinds(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", [KINDS[name] for name in names], ids=names)


def schatten(values: Tensor, order: float) -> Tensor:
    """‖W‖_Sp for the singular values above zero."""
    return values.pow(order).sum() ** (1 / order)


class TestValues:
    @of_kinds(EXACT)
    def test_schatten_ratio_is_the_ratio_of_the_norms(self, kind: Kind) -> None:
        values = torch.tensor(kind.values, dtype=torch.float64)
        for p, q in ORDERS:
            value = SchattenRatioPenalty(STRENGTH, p, q)(kind.matrix())
            torch.testing.assert_close(value, STRENGTH * schatten(values, p) / schatten(values, q), rtol=1e-11, atol=0)

    @of_kinds(LIFTABLE)
    def test_zeros_that_rounding_lifts_count_little(self, kind: Kind) -> None:
        values = torch.tensor(kind.values, dtype=torch.float64)
        for p, q in ORDERS:
            value = SchattenRatioPenalty(STRENGTH, p, q)(kind.matrix())
            # Each adds its p-th power: 0.005 for p = 1/3, where in theory all of them could be lifted; some are.
            tolerance = 0.05 if min(p, q) < 1 else len(kind.all_values()) * LIFTED
            expected = STRENGTH * schatten(values, p) / schatten(values, q)
            torch.testing.assert_close(value, expected, rtol=tolerance, atol=0)

    @either_precision
    @of_kinds(NONZERO)
    def test_ratio_penalty_is_the_nuclear_norm_over_the_frobenius_norm(self, kind: Kind, dtype: torch.dtype) -> None:
        values = torch.tensor(kind.values, dtype=torch.float64)
        expected = STRENGTH * values.sum() / values.square().sum().sqrt()
        tolerance = float(kind.value_errors(dtype).sum() / values.sum())
        value = RatioPenalty(STRENGTH)(kind.matrix(dtype))
        assert value.dtype == dtype
        torch.testing.assert_close(value.double(), expected, rtol=2 * tolerance, atol=0)

    @of_kinds(NONZERO)
    def test_nuclear_norm_penalty_is_the_sum_of_the_singular_values(self, kind: Kind) -> None:
        value = NuclearNormPenalty(STRENGTH)(kind.matrix())
        assert abs(float(value) - STRENGTH * sum(kind.values)) <= STRENGTH * float(kind.value_errors(value.dtype).sum())

    def test_ratio_penalty_is_one_for_rank_one_and_the_root_of_r_for_equal_values(self) -> None:
        assert float(RatioPenalty(1)(KINDS["rank 1"].matrix())) == pytest.approx(1, rel=1e-6)
        assert float(RatioPenalty(1)(KINDS["all values equal"].matrix())) == pytest.approx(6**0.5, rel=1e-12)

    def test_ratio_penalty_is_a_schatten_ratio_of_orders_one_and_two(self) -> None:
        matrix = KINDS["square"].matrix()
        assert torch.equal(RatioPenalty(STRENGTH)(matrix), SchattenRatioPenalty(STRENGTH, 1, 2)(matrix))

    @every_penalty
    def test_a_batch_has_the_value_and_gradient_of_each_element(self, make: Make) -> None:
        matrices = [planted(7, 5, torch.linspace(1, 0.5, 5, dtype=torch.float64) * 3**k, seed=k) for k in range(3)]
        batch = torch.stack([*matrices, torch.zeros(7, 5)])
        penalty = make(STRENGTH)
        torch.testing.assert_close(penalty(batch), torch.stack([penalty(matrix) for matrix in batch]))
        torch.testing.assert_close(gradient(penalty, batch), torch.stack([gradient(penalty, m) for m in batch]))

    @every_penalty
    def test_a_strength_of_zero_is_no_penalty(self, make: Make) -> None:
        matrix = KINDS["square"].matrix()
        assert make(0.0)(matrix) == 0
        assert torch.equal(gradient(make(0.0), matrix), torch.zeros_like(matrix))

    @every_penalty
    def test_value_and_gradient_are_proportional_to_the_strength(self, make: Make) -> None:
        matrix = KINDS["rank 3"].matrix()
        torch.testing.assert_close(make(6.0)(matrix), 6 * make(1.0)(matrix))
        torch.testing.assert_close(gradient(make(6.0), matrix), 6 * gradient(make(1.0), matrix))


class TestGradients:
    @every_penalty
    @of_kinds(FULL_RANK)
    def test_gradient_is_the_derivative_where_there_is_one(self, kind: Kind, make: Make) -> None:
        # Central differences over 1e-6 err by 1e-12 times the third derivative, and by the value's rounding over 1e-6:
        # 1e-13 · 300 / 1e-6 for the nuclear norm of 1000 and 259 values.
        matrix = kind.matrix().requires_grad_()
        assert torch.autograd.gradcheck(make(STRENGTH), matrix, eps=1e-6, atol=1e-4, rtol=1e-5, fast_mode=True)

    @every_penalty
    @pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (1, 4), (4, 1)], ids=str)
    def test_gradient_agrees_entry_by_entry_on_small_matrices(self, shape: tuple[int, int], make: Make) -> None:
        values = torch.linspace(2, 1, min(shape), dtype=torch.float64)
        matrix = planted(*shape, values).requires_grad_()
        assert torch.autograd.gradcheck(make(STRENGTH), matrix, eps=1e-6, atol=1e-7)

    @of_kinds(LOW_RANK)
    def test_orders_of_at_least_two_have_a_derivative_at_every_rank(self, kind: Kind) -> None:
        matrix = kind.matrix().requires_grad_()
        penalty = SchattenRatioPenalty(STRENGTH, 2, 4)
        assert torch.autograd.gradcheck(penalty, matrix, eps=1e-6, atol=1e-5, fast_mode=True)

    @of_kinds(NONZERO)
    def test_schatten_gradient_is_its_closed_form(self, kind: Kind) -> None:
        exact = reference(kind.matrix(), kind.rank)
        values = exact.values
        for p, q in ORDERS:
            if kind.liftable and min(p, q) < 1:
                continue  # a lifted zero is in the norms of these orders
            ratio = schatten(values, p) / schatten(values, q)
            slopes = ratio * (values ** (p - 1) / values.pow(p).sum() - values ** (q - 1) / values.pow(q).sum())
            found = gradient(SchattenRatioPenalty(STRENGTH, p, q), kind.matrix())
            error = torch.linalg.matrix_norm(found - STRENGTH * exact.map(slopes), 2)
            assert error <= STRENGTH * ratio / min(kind.values) * (LIFTED if kind.liftable else 1e-10), (p, q)

    @either_precision
    @of_kinds(NONZERO)
    def test_ratio_gradient_is_its_closed_form(self, kind: Kind, dtype: torch.dtype) -> None:
        matrix = kind.matrix(dtype)
        exact, wide = reference(matrix, kind.rank), matrix.double()
        nuclear, frobenius = exact.values.sum(), exact.values.square().sum().sqrt()
        expected = STRENGTH * (exact.polar_factor / frobenius - nuclear * wide / frobenius**3)
        error = torch.linalg.matrix_norm(gradient(RatioPenalty(STRENGTH), matrix).double() - expected, 2)
        of_values = float(kind.value_errors(dtype).sum() / nuclear)
        assert error <= STRENGTH / frobenius * (kind.polar_error(dtype) + nuclear / frobenius * 2 * of_values)

    @of_kinds(FULL_RANK)
    def test_ratio_gradient_is_what_autograd_finds_through_lapack_at_full_rank(self, kind: Kind) -> None:
        matrix = kind.matrix().requires_grad_()
        ratio = torch.linalg.matrix_norm(matrix, "nuc") / torch.linalg.matrix_norm(matrix, "fro")
        (expected,) = torch.autograd.grad(STRENGTH * ratio, matrix)
        torch.testing.assert_close(gradient(RatioPenalty(STRENGTH), matrix), expected, rtol=0, atol=1e-9)

    @of_kinds(NONZERO)
    def test_nuclear_norm_gradient_is_the_polar_factor(self, kind: Kind) -> None:
        found = gradient(NuclearNormPenalty(STRENGTH), kind.matrix())
        error = found - STRENGTH * reference(kind.matrix(), kind.rank).polar_factor
        assert torch.linalg.matrix_norm(error, 2) <= STRENGTH * kind.polar_error(found.dtype)

    @every_penalty
    @of_kinds(UNEQUAL)
    def test_a_small_step_against_the_gradient_lowers_the_penalty(self, kind: Kind, make: Make) -> None:
        penalty, matrix = make(STRENGTH), kind.matrix()
        slope = gradient(penalty, matrix)
        step = 1e-3 * min(kind.values) / torch.linalg.matrix_norm(slope, 2)  # small beside every σ
        drop = penalty(matrix) - penalty(matrix - step * slope)
        torch.testing.assert_close(drop, step * slope.square().sum(), rtol=0.02, atol=0)

    @of_kinds(LOW_RANK)
    def test_a_step_against_the_gradient_creates_no_direction(self, kind: Kind) -> None:
        matrix = kind.matrix()
        slope = gradient(RatioPenalty(STRENGTH), matrix)
        beyond = torch.linalg.svdvals(matrix - 0.1 * min(kind.values) * slope)[kind.rank]
        assert beyond <= kind.polar_error(matrix.dtype) * min(kind.values)


class TestScale:
    @scale_free
    @either_precision
    @of_kinds(["square", "rank 3", "one entry", "large, two clear"])
    @pytest.mark.parametrize("exponent", [-100, 100])
    def test_scaling_the_matrix_changes_neither_value_nor_direction(
        self, kind: Kind, dtype: torch.dtype, make: Make, exponent: int
    ) -> None:
        matrix, penalty, factor = kind.matrix(dtype), make(STRENGTH), 2.0**exponent  # 2^±100 is about 1e±30
        torch.testing.assert_close(penalty(matrix * factor), penalty(matrix), rtol=1e-6, atol=0)
        expected = gradient(penalty, matrix)
        scaled = gradient(penalty, matrix * factor) * factor
        assert torch.isfinite(scaled).all()
        torch.testing.assert_close(scaled, expected, rtol=0, atol=1e-5 * float(expected.abs().max() + 1e-6))

    def test_the_nuclear_norm_penalty_grows_with_the_matrix(self) -> None:
        matrix, penalty = KINDS["tall"].matrix(), NuclearNormPenalty(STRENGTH)
        torch.testing.assert_close(penalty(-3 * matrix), 3 * penalty(matrix))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@either_precision
def test_a_cuda_device_gives_what_the_processor_gives(dtype: torch.dtype) -> None:
    batch = torch.stack([planted(150, 140, torch.linspace(1, 0.5, 140).double() * 10**k, seed=k) for k in range(3)])
    for matrix in (batch, *(KINDS[name].matrix() for name in FULL_RANK), torch.zeros(5, 4)):
        here, there = matrix.to(dtype), matrix.to("cuda", dtype)
        for make in PENALTIES.values():
            penalty = make(STRENGTH)
            value, expected = penalty(there), gradient(penalty, here)
            assert value.is_cuda
            torch.testing.assert_close(value.cpu(), penalty(here), rtol=1e-3, atol=0)
            # Some gradients are zero but for rounding, which is relative to the terms that cancel, value / ‖W‖.
            size = expected.abs().amax() + (value.cpu() / torch.linalg.matrix_norm(here).clamp(min=1e-9)).amax()
            torch.testing.assert_close(gradient(penalty, there).cpu(), expected, rtol=0, atol=0.01 * float(size))
