"""What a time that is not known adds to a rating: the mixture that the docstring states, by loops."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from recsys.artifact.latent.factored import at_unknown_time
from recsys.artifact.times import Moments
from recsys.posterior.time_windows import TimeWindows, WindowEffects, total, window_arrays
from recsys.posterior.unknown_time import UnknownTime

N_USERS, N_ITEMS = 7, 5  # user 6 and item 4 have no rating


def small_sittings() -> tuple[Tensor, Tensor, Tensor]:
    """Users, items and times of 20 ratings in some sittings of several minutes."""
    generator = torch.Generator().manual_seed(1)
    rated = torch.randperm(24, generator=generator)[:20]
    return rated // 4, rated % 4, torch.randint(0, 900, (20,), generator=generator)


def drawn_effects(users: Tensor, times: Tensor) -> list[WindowEffects]:
    windows, generator = TimeWindows([60, 300], classes=2).effects(users, times), torch.Generator().manual_seed(2)
    for draws, window in product(range(1, 5), windows):
        window.sample(torch.randn(20, generator=generator), torch.ones(20), generator)
        window.average(1 / draws)
    return windows


def moments(users: Tensor, items: Tensor, times: Tensor, windows: list[WindowEffects]) -> Moments:
    """What is added for all users and items, (N_USERS, N_ITEMS) each."""
    arrays = UnknownTime(users, items, times, N_USERS, N_ITEMS).arrays(windows)
    arrays["new_window_variances"] = window_arrays(windows, N_USERS)["new_window_variances"]
    return at_unknown_time(arrays, np.arange(N_USERS)[:, None], np.arange(N_ITEMS))


def test_moments_are_those_of_the_mixture_over_the_users_ratings() -> None:
    users, items, times = small_sittings()
    windows = drawn_effects(users, times)
    mean, variance = moments(users, items, times, windows)

    own = total(windows, users, times)
    of_none = sum(float(window.prior_variance[0]) for window in windows)
    ratings = list(enumerate(zip(users.tolist(), items.tolist(), (times // 300).tolist(), strict=True)))
    for user, item in product(range(N_USERS), range(N_ITEMS)):
        weights, means, squares = [0.1], [0.0], [of_none]
        for place, (rater, rated, _) in ratings:
            if rater == user and rated != item:
                of_item = {(u, sitting) for _, (u, i, sitting) in ratings if i == item}
                of_rated = {(u, sitting) for _, (u, i, sitting) in ratings if i == rated}
                both = {u for u, _ in of_item} & {u for u, _ in of_rated}
                weights.append(((len(of_item & of_rated) + 0.1) / (len(both) + 1)) ** 2)
                means.append(float(own.mean[place]))
                squares.append(float(own.variance[place] + own.mean[place] ** 2))
        expected = sum(w * m for w, m in zip(weights, means, strict=True)) / sum(weights)
        square = sum(w * s for w, s in zip(weights, squares, strict=True)) / sum(weights)
        assert float(mean[user, item]) == pytest.approx(expected, abs=1e-6)
        assert float(variance[user, item]) == pytest.approx(square - expected**2, abs=1e-6)


def test_a_user_without_ratings_has_the_prior_of_new_windows() -> None:
    users, items, times = small_sittings()
    windows = drawn_effects(users, times)
    mean, variance = moments(users, items, times, windows)
    assert mean[6].tolist() == [0.0] * N_ITEMS
    of_none = torch.stack([window.prior_variance[0] for window in windows]).sum()
    np.testing.assert_allclose(variance[6], float(of_none), rtol=1e-6)


def test_an_item_has_the_effects_of_what_it_is_rated_with() -> None:
    """Items 0 and 1 are rated together by everybody, 2 and 3 a day later; user 5 rated only 0 and 2."""
    users = torch.tensor([0, 1, 2, 3, 4]).repeat_interleave(4)
    items, times = torch.tensor([0, 1, 2, 3]).repeat(5), torch.tensor([10, 20, 86_410, 86_420]).repeat(5)
    users, items = torch.cat([users, torch.tensor([5, 5])]), torch.cat([items, torch.tensor([0, 2])])
    times = torch.cat([times, torch.tensor([10, 86_410])])
    windows = TimeWindows([300]).effects(users, times)
    windows[0].mean = torch.zeros(len(windows[0].keys))
    windows[0].mean[-2:] = torch.tensor([1.0, -1.0])  # of user 5: the first sitting, and the second
    mean, _ = moments(users, items, times, windows)
    assert float(mean[5, 1]) > 0.7
    assert float(mean[5, 3]) < -0.7
    assert float(mean[5, 4]) == pytest.approx(0, abs=1e-6)  # nobody rated it: with either
