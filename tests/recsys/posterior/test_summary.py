"""What is kept of draws: their mean by factors, and some of them, evenly spaced."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from recsys.posterior import factored_mean
from recsys.posterior.factored_mean import FactoredMean
from recsys.posterior.kept_draws import KeptDraws
from recsys.share import Share
from tests.recsys.posterior.draws import seeded

N_USERS, N_ITEMS = 120, 90


def draws(n: int) -> list[tuple[Tensor, Tensor]]:
    """Draws around one matrix of rank 4."""
    generator = seeded()
    of_users, of_items = torch.randn(N_USERS, 4, generator=generator), torch.randn(N_ITEMS, 4, generator=generator)
    return [
        tuple(side + 0.2 * torch.randn(side.shape, generator=generator) for side in (of_users, of_items))  # type: ignore[misc]
        for _ in range(n)
    ]


def mean_of(added: list[tuple[Tensor, Tensor]]) -> Tensor:
    return torch.stack([left @ right.T for left, right in added]).mean(0)


class TestFactoredMean:
    def test_it_is_exact_while_the_rank_suffices(self) -> None:
        mean, added = FactoredMean(Share.whole(N_USERS), N_ITEMS), draws(15)
        for number, draw in enumerate(added, start=1):
            mean.add(*draw)
            left, right = mean.factors()
            assert left.shape == (N_USERS, min(4 * number, factored_mean.RANK))
            torch.testing.assert_close(left @ right.T, mean_of(added[:number]), rtol=0, atol=2e-5)

    def test_beyond_it_is_nearly_the_closest_matrix_of_the_rank(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(factored_mean, "RANK", 6)
        mean, added = FactoredMean(Share.whole(N_USERS), N_ITEMS), draws(60)
        for draw in added:
            mean.add(*draw)
        left, right = mean.factors()
        exact = mean_of(added)
        least = torch.linalg.svdvals(exact)[6:].norm()
        assert left.shape == (N_USERS, 6)
        assert least < (left @ right.T - exact).norm() < 1.05 * least

    def test_further_rows_have_no_say_and_come_to_be_what_such_a_row_of_an_item_is(self) -> None:
        mean, watched = FactoredMean(Share.whole(N_USERS), N_ITEMS), FactoredMean(Share.whole(N_USERS), N_ITEMS, 2)
        for left, right in draws(60):
            mean.add(left, right)
            watched.add(left, torch.cat([right, right[3:4], right[5:6] - 2 * right[7:8]]))
        (left, right), (same_left, rows) = mean.factors(), watched.factors()
        assert torch.equal(left, same_left)
        assert torch.equal(right, rows[:N_ITEMS])
        expected = torch.stack([right[3], right[5] - 2 * right[7]])
        torch.testing.assert_close(left @ rows[N_ITEMS:].T, left @ expected.T, rtol=0, atol=3e-5)

    def test_to_look_at_it_changes_nothing_and_it_goes_on_from_its_state_bit_for_bit(self) -> None:
        whole, watched = FactoredMean(Share.whole(N_USERS), N_ITEMS), FactoredMean(Share.whole(N_USERS), N_ITEMS)
        for draw in draws(29):
            whole.add(*draw)
            watched.add(*draw)
            watched.factors()
            state, watched = watched.state(), FactoredMean(Share.whole(N_USERS), N_ITEMS)
            watched.load_state(state)
        assert all(map(torch.equal, whole.factors(), watched.factors()))


class TestKeptDraws:
    @pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 64, 65, 390, 1000])
    def test_they_are_evenly_spaced_from_the_first_on(self, n: int) -> None:
        kept = KeptDraws()
        for number in range(n):
            kept.add(torch.full((2, 3), float(number)), torch.zeros(5, 3))
        left, right = kept.stacked(1)
        numbers = left[0, :, 0]
        assert left.shape == (2, len(numbers), 3)
        assert right.shape == (5, len(numbers), 3)
        assert min(n, 16) <= len(numbers) <= 32
        stride = float(numbers[1]) if len(numbers) > 1 else 1.0
        assert numbers.tolist() == [stride * place for place in range(len(numbers))]
        assert numbers[-1] > n - 1 - stride

    def test_to_look_at_them_changes_nothing_and_they_are_in_memory_once(self) -> None:
        kept, watched = KeptDraws(), KeptDraws()
        for draw in draws(70):
            kept.add(*draw)
            watched.add(*draw)
            watched.stacked(1)
        assert all(map(torch.equal, kept.stacked(1), watched.stacked(1)))
        users, _ = watched.stacked(1)
        (first, _), *_ = watched.state()["draws"]
        assert first.untyped_storage().data_ptr() == users.untyped_storage().data_ptr()
