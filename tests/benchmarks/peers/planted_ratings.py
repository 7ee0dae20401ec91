"""Ratings that are known everywhere, of users and items whose features say something about them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from benchmarks.peers.peer import TrainingSet
from data.movielens import RatingScale

N_USERS, N_ITEMS = 60, 80


def planted() -> tuple[TrainingSet, npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """3,000 whole ratings to learn from, and (users, items, ratings) of the remaining 1,800 pairs."""
    random = np.random.default_rng(0)
    user_features, item_features = random.integers(0, 2, (N_USERS, 4)), random.integers(0, 2, (N_ITEMS, 3))
    of_users = random.normal(size=(N_USERS, 2)) * 0.4 + user_features @ random.normal(size=(4, 2)) * 0.5
    of_items = random.normal(size=(N_ITEMS, 2)) * 0.4 + item_features @ random.normal(size=(3, 2)) * 0.5
    ratings = 3.3 + 0.5 * (of_users[:, [0]] + of_items[:, 0]) + of_users[:, [1]] * of_items[:, 1]
    ratings = np.clip(np.rint(ratings + 0.3 * random.normal(size=ratings.shape)), 1, 5)
    users, items = np.divmod(random.permutation(ratings.size), N_ITEMS)
    values = ratings[users, items]
    times = random.integers(0, 10**7, ratings.shape)
    train = TrainingSet(
        users=users[:3000],
        items=items[:3000],
        values=values[:3000].astype(np.float32),
        n_users=N_USERS,
        n_items=N_ITEMS,
        scale=RatingScale(1.0, 5.0, 1.0),
        user_features=user_features.astype(np.float32),
        item_features=item_features.astype(np.float32),
        times_of=lambda users, items: times[users, items],
    )
    return train, users[3000:], items[3000:], values[3000:]
