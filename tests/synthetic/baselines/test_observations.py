"""What every baseline says to observations that can't be completed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from synthetic.baselines.min_nuclear_norm import min_nuclear_norm
from synthetic.baselines.observations import ObservationsError, checked
from synthetic.baselines.opt_space import opt_space
from synthetic.baselines.soft_impute import soft_impute, validated_soft_impute
from synthetic.problems import low_rank_problems

METHODS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "soft_impute": lambda x, mask: soft_impute(x, mask, torch.ones(len(x))).estimate,
    "validated_soft_impute": lambda x, mask: validated_soft_impute(x, mask, tolerance=1e-4).estimate,
    "min_nuclear_norm": lambda x, mask: min_nuclear_norm(x, mask, tolerance=1e-4).estimate,
    "opt_space": lambda x, mask: torch.stack([opt_space(*one, rank=2).estimate for one in zip(x, mask, strict=True)]),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
Method = Callable[[Tensor, Tensor], Tensor]


@every_method
class TestBadInput:
    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_an_observed_entry_that_is_no_finite_number_is_named(self, method: Method, value: float) -> None:
        x, mask = torch.ones(1, 6, 5), torch.ones(1, 6, 5, dtype=torch.bool)
        x[0, 3, 2] = value
        with pytest.raises(ObservationsError, match=rf"entry \(3, 2\) of problem 0 is {value}"):
            method(x, mask)

    def test_no_observed_entry_is_refused(self, method: Method) -> None:
        with pytest.raises(ObservationsError, match="problem 0 has no observed entry"):
            method(torch.ones(1, 6, 5), torch.zeros(1, 6, 5, dtype=torch.bool))

    def test_a_mask_of_another_shape_is_refused(self, method: Method) -> None:
        with pytest.raises((ObservationsError, ValueError), match=r"shape|must both be|argument"):
            method(torch.ones(1, 6, 5), torch.ones(1, 5, 6, dtype=torch.bool))

    def test_what_stands_in_unobserved_entries_does_not_matter(self, method: Method) -> None:
        problems = low_rank_problems([0], (12, 10), rank=2, observed=80)
        spoilt = torch.where(problems.observed, problems.observations, torch.nan)
        assert torch.equal(method(spoilt, problems.observed), method(problems.observations, problems.observed))

    def test_an_unobserved_row_and_column_come_out_zero(self, method: Method) -> None:
        problems = low_rank_problems([0, 1], (12, 10), rank=2, observed=110)
        mask = problems.observed.clone()
        mask[:, 4] = mask[:, :, 7] = False
        estimate = method(problems.observations, mask)
        assert estimate.isfinite().all() and (estimate[0, 0] != 0).any()
        assert estimate[:, 4].abs().max() < 1e-12 and estimate[:, :, 7].abs().max() < 1e-12


def test_float32_observations_are_taken_as_float64() -> None:
    mask = torch.tensor([[[True, False]]])
    assert torch.equal(checked(torch.tensor([[[0.1, 5.0]]]), mask), torch.tensor([[[0.1, 0.0]]]).double())


def test_a_mask_of_numbers_is_refused() -> None:
    with pytest.raises(ObservationsError, match=r"boolean, not torch\.float32"):
        checked(torch.ones(1, 2, 2), torch.ones(1, 2, 2))
