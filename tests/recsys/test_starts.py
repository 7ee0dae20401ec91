"""Starts: means computed by hand, and what becomes of users and items without ratings."""

from __future__ import annotations

import pytest
import torch

from recsys.starts import DampedMeans, NearZero

# Users 0 and 1, items 0 and 1; user 2 and item 2 have no ratings. The mean is 4.
USERS, ITEMS = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 0])
RATINGS = torch.tensor([5.0, 3.0, 4.0])


class TestDampedMeans:
    def test_effects_are_those_computed_by_hand(self) -> None:
        effects = DampedMeans(user_damping=2, item_damping=1).effects(USERS, ITEMS, RATINGS, 3, 3)
        assert effects.mean == 4
        # Item 0: ((5 − 4) + (4 − 4)) / (2 + 1) = 1/3. Item 1: (3 − 4) / (1 + 1) = −1/2.
        torch.testing.assert_close(effects.items, torch.tensor([1 / 3, -1 / 2, 0]))
        # User 0: ((5 − 4 − 1/3) + (3 − 4 + 1/2)) / (2 + 2) = 1/24. User 1: (4 − 4 − 1/3) / (1 + 2) = −1/9.
        torch.testing.assert_close(effects.users, torch.tensor([1 / 24, -1 / 9, 0]))

    def test_without_damping_effects_are_plain_means(self) -> None:
        effects = DampedMeans(user_damping=0, item_damping=0).effects(USERS, ITEMS, RATINGS, 2, 2)
        torch.testing.assert_close(effects.items, torch.tensor([0.5, -1.0]))
        torch.testing.assert_close(effects.users, torch.tensor([0.25, -0.5]))

    @pytest.mark.parametrize("damping", [0.0, 2.5])
    def test_users_and_items_without_ratings_have_no_effect(self, damping: float) -> None:
        effects = DampedMeans(damping, damping).effects(USERS, ITEMS, RATINGS, 5, 4)
        assert effects.users.shape == (5,)
        assert effects.items.shape == (4,)
        assert torch.equal(effects.users[2:], torch.zeros(3))
        assert torch.equal(effects.items[2:], torch.zeros(2))

    def test_an_item_with_as_many_ratings_as_its_damping_keeps_half_of_its_effect(self) -> None:
        users, items = torch.arange(8), torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
        ratings = torch.tensor([5.0] * 4 + [1.0] * 4)  # each item is 2 off the mean, 3
        effects = DampedMeans(user_damping=0, item_damping=4).effects(users, items, ratings, 8, 2)
        torch.testing.assert_close(effects.items, torch.tensor([1.0, -1.0]))

    def test_effects_are_float32_but_summed_in_float64(self) -> None:
        n = 100_000  # in float32 the sum of so many ratings loses the last digits of the mean
        ratings = torch.full((n,), 3.1)
        effects = DampedMeans().effects(torch.zeros(n, dtype=torch.long), torch.arange(n), ratings, 1, n)
        assert effects.mean == pytest.approx(float(torch.tensor(3.1)), rel=1e-14)
        assert effects.users.dtype == effects.items.dtype == torch.float32

    @pytest.mark.parametrize("arguments", [{"user_damping": -0.1}, {"item_damping": -1.0}])
    def test_negative_damping_is_refused(self, arguments: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="damping must be at least 0"):
            DampedMeans(**arguments)


class TestNearZero:
    def test_it_knows_nothing_of_the_ratings(self) -> None:
        effects = NearZero().effects(USERS, ITEMS, RATINGS, 3, 4)
        assert effects.mean == 0
        assert torch.equal(effects.users, torch.zeros(3))
        assert torch.equal(effects.items, torch.zeros(4))


@pytest.mark.parametrize("start", [DampedMeans, NearZero])
def test_a_negative_scale_is_refused(start: type[DampedMeans] | type[NearZero]) -> None:
    with pytest.raises(ValueError, match=r"scale must be at least 0, not -0\.001"):
        start(scale=-1e-3)
