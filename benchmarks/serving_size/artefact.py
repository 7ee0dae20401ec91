"""An artefact of best-ratings without a fit: planted ratings, and random numbers in arrays as a fit leaves them.

What says relevance is learned from the planted ratings of some of the users: how much of it an answer has to read
depends on how it falls from items that many have rated to those that few have.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.scale.planted import NOISE, RANK, STEP, Floats, Places, Planted, Shape
from data.sorted_ratings import both_orders
from recsys import artifact
from recsys.relevance.learning import Choices
from recsys.relevance.spectral_filter import filtered

_SCALE = (0.5, 5.0)
_FACTORS = 64  # columns of the posterior's mean, the most that a fit keeps
_DRAWS = 25  # kept draws
_DESCRIBED = 50  # directions of who rated what
_LEARNED_FROM, _RIDGE = 20_000, 4.0  # users whose ratings say relevance, which takes ten seconds; the usual λ
_SYLLABLES = [first + vowel + last for first in "bdfgklmnprstvz" for vowel in "aeiou" for last in ("", "n", "r", "st")]
_WORDS, _LONGEST = 40_000, 6  # different words of titles, and words of one
_GENRES = ("Action", "Comedy", "Drama", "Horror", "Romance", "Thriller")


def written(root: Path, shape: Shape) -> Path:
    """Write an artefact of a shape under a folder, the same each time; returns its directory."""
    planted, rng = Planted.of(shape), np.random.default_rng(0)
    rating_users, rating_items, ratings = map(np.concatenate, zip(*planted.blocks(shape.n_ratings), strict=True))
    values = ratings.clip(*_SCALE).astype(np.float32)
    manifest = artifact.Manifest(
        kind="BayesianEmbedding", recipe="best-ratings", rating_scale=_SCALE, rating_step=STEP,
        global_mean=float(values.mean(dtype=np.float64)), split="all", seed=0, metrics={}, data_name="planted",
        data_sha256="", created="2026-01-01T00:00:00+00:00", configuration={},
    )  # fmt: skip
    levels = np.arange(_SCALE[0], _SCALE[1] + STEP, STEP)
    arrays = {
        **_posterior(planted, rng),
        **_of_new_users(shape.n_items, rng),
        **_relevance(rating_users, rating_items, values, shape),
        "user_ids": np.arange(1, shape.n_users + 1),
        "item_ids": np.arange(1, shape.n_items + 1),
        "user_means": planted.users[:, 0],
        "item_means": planted.items[:, 0],
        "new_item_mean": np.zeros(1),
        "levels": levels,
        "thresholds": (levels[1:] + levels[:-1]) / 2,
        "ordinal": np.zeros(1, np.int32),
        "rating_users": rating_users.astype(np.int32),
        "rating_items": rating_items.astype(np.int32),
        "rating_values": values,
    }
    typed = {name: array.astype(np.float32) if array.dtype == np.float64 else array for name, array in arrays.items()}
    return artifact.save(root, manifest, typed, _titled(shape.n_items, rng))


def _posterior(planted: Planted, rng: np.random.Generator) -> dict[str, artifact.Array]:
    """The planted means, and draws about them."""
    found: dict[str, artifact.Array] = {"noise": np.full(len(planted.users), NOISE**2)}
    for side, rows in (("user", planted.users), ("item", planted.items)):
        n, ones = len(rows), np.ones((len(rows), 1), np.float32)
        level = rows[:, :1] + np.float32(3.5 if side == "item" else 0)
        columns = [level, rows[:, 1:], ones] if side == "item" else [ones, rows[:, 1:], level]
        row = np.hstack(columns)  # (c, q, 1) of an item and (1, p, b) of a user: RANK + 2 numbers
        rest = 1e-3 * rng.standard_normal((n, _FACTORS - RANK - 2), np.float32)
        around = 0.05 * rng.standard_normal((n, _DRAWS, RANK + 2), np.float32)
        around[..., 0 if side == "user" else -1] = 0
        found |= {
            f"{side}_factors": np.hstack([row, rest]),
            f"{side}_draws": row[:, None] + around,
            f"{side}_open": np.zeros((n, 2)),
        }
    return found


def _of_new_users(n_items: int, rng: np.random.Generator) -> dict[str, artifact.Array]:
    row = RANK + 1
    return {
        "newcomer_means": 0.1 * rng.standard_normal((_DRAWS, row)),
        "newcomer_covariances": np.broadcast_to(0.1 * np.eye(row), (_DRAWS, row, row)).copy(),
        "newcomer_precisions": np.full(_DRAWS, NOISE**-2),
        "newcomer_shapes": np.full(_DRAWS, 5.0),
        "newcomer_weights": 0.1 * rng.standard_normal((_DRAWS, _DESCRIBED, row)),
        "newcomer_directions": rng.standard_normal((n_items, _DESCRIBED), np.float32) / n_items**0.5,
        "newcomer_centre": np.zeros(_DESCRIBED),
        "newcomer_few": np.full(1, 10.0),
    }


def _relevance(users: Places, items: Places, ratings: Floats, shape: Shape) -> dict[str, artifact.Array]:
    """As `recsys.relevance.learned` with the usual ridge, from the ratings of the first users, which are in order."""
    n = min(shape.n_users, _LEARNED_FROM)
    end = int(np.searchsorted(users, n))
    chosen = Choices(both_orders(users[:end], items[:end], ratings[:end], n, shape.n_items), _SCALE)
    directions, gains, scales = filtered(chosen.spectrum(near=None), _RIDGE * chosen.mean_square)
    return {
        "relevance_directions": directions.numpy(),
        "relevance_gains": gains.numpy(),
        "relevance_scales": scales.numpy(),
        "relevance_average": (chosen.average @ directions).numpy(),
    }


def _titled(n_items: int, rng: np.random.Generator) -> artifact.ItemTable:
    """Titles of made-up words, of which a few are in many titles and most in a few, as in MovieLens; years, genres."""
    drawn, sizes = rng.integers(len(_SYLLABLES), size=(_WORDS, 3)).tolist(), rng.integers(1, 4, _WORDS).tolist()
    words = ["".join(_SYLLABLES[each] for each in row[:size]) for row, size in zip(drawn, sizes, strict=True)]
    places = (_WORDS ** rng.random((n_items, _LONGEST))).astype(int) - 1  # density 1 / rank
    lengths = rng.integers(1, _LONGEST + 1, n_items)
    titles = (
        " ".join(words[place] for place in row[:length]).title() for row, length in zip(places, lengths, strict=True)
    )
    years = rng.integers(1920, 2020, n_items).tolist()
    genres = ((_GENRES[first], _GENRES[second]) for first, second in rng.integers(len(_GENRES), size=(n_items, 2)))
    return artifact.ItemTable(tuple(titles), tuple(years), tuple(tuple(dict.fromkeys(pair)) for pair in genres))
