"""How fast the embedding trains, what the penalty adds to that, and how the cost grows with the data.

The ratings are generated: users and items are drawn from Zipf-like popularities, in the numbers that MovieLens has, and
each rating is a mean plus effects plus noise. An epoch is measured, not extrapolated.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from recsys.models import UserItemEmbedding
from recsys.penalties import RatioPenalty

# Ratings, users and items of MovieLens 100k, 1m, 10m and 25m.
SIZES = {
    "100k": (100_000, 943, 1_682),
    "1m": (1_000_209, 6_040, 3_706),
    "10m": (10_000_054, 69_878, 10_677),
    "25m": (25_000_095, 162_541, 59_047),
}
DIMENSION = 32
BATCH = 262_144
Row = dict[str, object]


def rows(names: Sequence[str]) -> list[Row]:
    """Ratings per second of an epoch with the item penalty and without, for each size."""
    return [_row(name, *SIZES[name]) for name in names]


def _row(name: str, n_ratings: int, n_users: int, n_items: int) -> Row:
    users, items, ratings = generated(n_ratings, n_users, n_items)
    with_penalty = _epoch_seconds(users, items, ratings, n_users, n_items, RatioPenalty(1.0))
    without = _epoch_seconds(users, items, ratings, n_users, n_items, None)
    return {
        "name": name,
        "ratings": n_ratings,
        "users": n_users,
        "items": n_items,
        "epoch_seconds": round(with_penalty, 2),
        "ratings_per_second": round(n_ratings / with_penalty),
        "without_penalty": round(n_ratings / without),
        "penalty_share": round(1 - without / with_penalty, 3),
    }


def generated(n_ratings: int, n_users: int, n_items: int) -> tuple[Tensor, Tensor, Tensor]:
    """Users (n,), items (n,) and ratings (n,) in 1 … 5; popularity of rank r is proportional to 1 / (r + 50)."""
    generator = torch.Generator().manual_seed(0)

    def drawn(n: int) -> Tensor:
        cumulative = (1 / (torch.arange(n, dtype=torch.float64) + 50)).cumsum(0)
        uniform = torch.rand(n_ratings, generator=generator, dtype=torch.float64) * cumulative[-1]
        return torch.searchsorted(cumulative, uniform).clamp(max=n - 1)

    users, items = drawn(n_users), drawn(n_items)
    effects = (
        0.4 * torch.randn(n_users, generator=generator)[users] + 0.5 * torch.randn(n_items, generator=generator)[items]
    )
    noise = torch.randn(n_ratings, generator=generator)
    return users, items, (3.5 + effects + noise).round().clamp(1, 5)


def _epoch_seconds(
    users: Tensor, items: Tensor, ratings: Tensor, n_users: int, n_items: int, penalty: RatioPenalty | None
) -> float:
    """Seconds of one epoch in batches of `BATCH`, after a step to warm up."""
    torch.manual_seed(0)
    model = UserItemEmbedding(n_users, n_items, dimension=DIMENSION, item_penalty=penalty)
    model.initialise(users, items, ratings)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

    def step(batch: Tensor) -> None:
        loss = (model.predict_batch(users[batch], items[batch]) - ratings[batch]).square().mean() + model.penalty()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types here
        optimizer.step()

    step(torch.arange(min(BATCH, users.numel())))
    start = time.perf_counter()
    for batch in torch.split(torch.randperm(users.numel()), BATCH):
        step(batch)
    return time.perf_counter() - start
