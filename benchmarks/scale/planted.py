"""Ratings from a planted model: its noise is known, and with it the least error that a prediction can have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

RANK = 10  # of what users and items have in common, as in best-ratings
NOISE = 0.8  # standard deviation, in stars; MovieLens' ratings deviate about as much from the best prediction
STEP = 0.5  # ratings are rounded to it
_MEAN, _OF_USERS, _OF_ITEMS, _OF_BOTH = 3.5, 0.4, 0.5, 0.4  # deviations of b_u, c_i and p_u · q_i
_FEWEST = 20  # ratings of a user, as in MovieLens
_SPREAD = 1.2  # standard deviation of the logarithm of how many more a user has
_EXPONENT, _OFFSET = (
    1.8,
    240,
)  # the item of rank r is rated in proportion to 1 / (r + 240)^1.8; the first by every third
_TESTED = 50  # one rating of so many is to test on
_BLOCK = 4096  # users


class Shape(NamedTuple):
    """How many there are of each; items that nobody happens to rate are left out."""

    n_users: int
    n_items: int
    n_ratings: int


SHAPES = {
    "100k": Shape(943, 1_682, 100_000),
    "1m": Shape(6_040, 3_706, 1_000_209),
    "10m": Shape(69_878, 10_677, 10_000_054),
    "25m": Shape(162_541, 59_047, 25_000_095),
    "100m": Shape(650_164, 59_047, 100_000_380),
}


@dataclass(frozen=True)
class Planted:
    """y_ui = 3.5 + b_u + c_i + p_u · q_i + ε, ε ~ N(0, 0.8²), of which ratings are the nearest multiples of 0.5."""

    users: Floats  # rows (b_u, p_u), (n_users, k + 1)
    items: Floats  # rows (c_i, q_i), (n_items, k + 1)
    by_rank: Places  # (n_items,), the items from the most popular to the least
    counts: Places  # (n_users,), about how many ratings each has

    @classmethod
    def of(cls, shape: Shape) -> Planted:
        """The model of a shape, the same each time."""
        generator = np.random.default_rng([shape.n_ratings, 0])
        size = (_OF_BOTH / RANK**0.5) ** 0.5  # of the entries of p and q
        users = generator.standard_normal((shape.n_users, RANK + 1), np.float32) * np.float32(size)
        items = generator.standard_normal((shape.n_items, RANK + 1), np.float32) * np.float32(size)
        users[:, 0] *= _OF_USERS / size
        items[:, 0] *= _OF_ITEMS / size
        by_rank = generator.permutation(shape.n_items)
        more = generator.lognormal(0, _SPREAD, shape.n_users)
        counts = _FEWEST + more * ((shape.n_ratings - _FEWEST * shape.n_users) / more.sum())
        return cls(users, items, by_rank, counts.clip(max=shape.n_items // 3).astype(np.int64))

    def means(self, users: Places, items: Places) -> Floats:
        """The mean of y of pairs (n,), without noise."""
        left, right = self.users[users], self.items[items]
        means: Floats = _MEAN + left[:, 0] + right[:, 0] + np.vecdot(left[:, 1:], right[:, 1:])
        return means

    def blocks(self, seed: int) -> Iterator[tuple[Places, Places, Floats]]:
        """Users, items and ratings (n,) of one block of users after the other; no pair occurs twice."""
        n_items, power = len(self.items), 1 - _EXPONENT
        last = (1 + n_items / _OFFSET) ** power
        for start in range(0, len(self.counts), _BLOCK):
            generator = np.random.default_rng([seed, start])
            counts = self.counts[start : start + _BLOCK]
            drawn = 2 * counts + 20  # more than are wanted: what is drawn twice counts once
            users = np.repeat(np.arange(start, start + len(counts)), drawn)
            ranks = _OFFSET * ((1 - generator.random(users.size) * (1 - last)) ** (1 / power) - 1)
            items = self.by_rank[ranks.astype(np.int64).clip(max=n_items - 1)]
            users, items = np.divmod(np.unique(users * n_items + items), n_items)
            found = np.bincount(users - start, minlength=len(counts))
            kept = generator.random(users.size) < (counts / found)[users - start]
            users, items = users[kept], items[kept]
            noisy = self.means(users, items) + NOISE * generator.standard_normal(users.size, np.float32)
            yield users, items, np.rint(noisy / STEP) * np.float32(STEP)


def write(shape: Shape, folder: Path) -> tuple[Path, Path]:
    """Write ratings to train on and ratings to test on, unless they are there; returns both files.

    Beside those to test on, of which the column `mean` is what nobody can predict better, is floor.json.
    """
    train, test = folder / "train.parquet", folder / "test.parquet"
    if (folder / "floor.json").exists():
        return train, test
    folder.mkdir(parents=True, exist_ok=True)
    planted = Planted.of(shape)
    squares, n = 0.0, 0
    with pa.parquet.ParquetWriter(train, _SCHEMA) as to_train, pa.parquet.ParquetWriter(test, _SCHEMA) as to_test:
        for number, (users, items, ratings) in enumerate(planted.blocks(seed=shape.n_ratings)):
            tested = np.random.default_rng([number, 1]).random(users.size) < 1 / _TESTED
            to_train.write_table(_table(users[~tested], items[~tested], ratings[~tested]))
            users, items, ratings = users[tested], items[tested], ratings[tested]
            to_test.write_table(_table(users, items, ratings))
            squares += float(((ratings - planted.means(users, items)).astype(np.float64) ** 2).sum())
            n += users.size
    (folder / "floor.json").write_text(json.dumps({"noise": (squares / n) ** 0.5, "n_test": n}) + "\n")
    return train, test


_SCHEMA = pa.schema({"user": pa.int32(), "item": pa.int32(), "rating": pa.float32()})


def _table(*columns: npt.NDArray[Any]) -> pa.Table:
    return pa.table(dict(zip(_SCHEMA.names, columns, strict=True)), schema=_SCHEMA)
