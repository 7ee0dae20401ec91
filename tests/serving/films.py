"""A model whose answers can be worked out by hand: six users, five films, and one taste that divides them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from recsys import artifact
from recsys.artifact import Array, ItemTable, Manifest

MEAN = 3.5
USER_IDS = np.arange(1, 7)
ITEM_IDS = np.array([10, 11, 12, 13, 14])
TITLES = ("Amélie", "Star Wars", "Empire Strikes Back, The", "Brief Encounter", "Starman")
YEARS = (2001, 1977, 1980, None, 1984)
GENRES = (("Comedy", "Romance"), ("Action", "Sci-Fi"), ("Action", "Sci-Fi"), ("Drama", "Romance"), ("Sci-Fi",))
ITEMS = ItemTable(TITLES, YEARS, GENRES)
USER_MEANS = np.array([0.5, 0.0, -0.5, 0.25, 0.0, -0.25], np.float32)
ITEM_MEANS = np.array([0.2, 0.3, 0.1, -0.1, -0.3], np.float32)
USER_TASTE = np.array([1, 1, 1, -1, -1, -1], np.float32)
ITEM_TASTE = np.array([-1, 1, 1, -1, 0], np.float32)
RATINGS = ((1, 10, 2.0), (1, 11, 5.0), (2, 11, 4.0), (3, 12, 4.0), (4, 10, 5.0), (4, 11, 3.0), (5, 13, 4.0))
MATRIX = MEAN + USER_MEANS[:, None] + ITEM_MEANS + USER_TASTE[:, None] * ITEM_TASTE


def manifest(kind: str) -> Manifest:
    """What is said of the films, as a model of one kind or the other."""
    return Manifest(
        kind=kind, recipe="films", rating_scale=(1.0, 5.0), rating_step=1.0, global_mean=MEAN, split="0.9", seed=0,
        metrics={"test_rmse": 0.8, "test_rmse_as_served": 0.9},
        data_name="100k", data_sha256="ab", created="2026-01-01T00:00:00+00:00",
        configuration={},
    )  # fmt: skip


def arrays(kind: str) -> dict[str, Array]:
    """MATRIX, whole or as the factors that give it."""
    users, items, values = (np.array(column) for column in zip(*RATINGS, strict=True))
    known: dict[str, Array] = {
        "user_ids": USER_IDS,
        "item_ids": ITEM_IDS,
        "user_means": USER_MEANS,
        "item_means": ITEM_MEANS,
        "rating_users": np.searchsorted(USER_IDS, users).astype(np.int32),
        "rating_items": np.searchsorted(ITEM_IDS, items).astype(np.int32),
        "rating_values": values.astype(np.float32),
    }
    if kind == "LinearNetwork":
        return known | {"matrix": MATRIX.astype(np.float32)}
    if kind == "BayesianEmbedding":
        return known | _posterior()
    return known | {
        "user_factors": USER_TASTE[:, None],
        "item_factors": ITEM_TASTE[:, None],
        "user_bias": USER_MEANS[:, None],
        "item_bias": ITEM_MEANS[:, None] + np.float32(MEAN),
    }


def _posterior() -> dict[str, Array]:
    """MATRIX with a standard deviation of 0.9 everywhere: a variance of 0.32 over two draws, and noise of 0.49."""
    mean, ones = np.column_stack([USER_TASTE, MEAN + USER_MEANS, np.ones(6)]), np.ones(5)
    of_items = np.column_stack([ITEM_TASTE, ones, ITEM_MEANS]).astype(np.float32)
    return {
        "user_factors": mean.astype(np.float32),
        "item_factors": of_items,
        "user_draws": np.stack([mean, mean + np.array([0, 0.8, 0])], 1).astype(np.float32),
        "item_draws": np.stack([of_items, of_items], 1),
        "user_open": np.zeros((6, 2), np.float32),
        "item_open": np.zeros((5, 2), np.float32),
        "noise": np.full(6, 0.49, np.float32),
        "thresholds": np.array([1.5, 2.5, 3.5, 4.5], np.float32),
        "levels": np.arange(1, 6, dtype=np.float32),
        "ordinal": np.array([0], np.int32),
    }


def export(root: Path, more: float = 0.0) -> str:
    """Export the films with `more` added to every entry; returns the version."""
    moved = arrays("LinearNetwork")
    moved["matrix"] = moved["matrix"] + np.float32(more)
    named = replace(manifest("LinearNetwork"), recipe=f"films+{more}")
    return artifact.load(artifact.save(root, named, moved, ITEMS)).manifest.version


def relevance() -> dict[str, Array]:
    """Those who choose an item of the group of Amélie and Brief Encounter choose the group above all.

    Of user 1 the first factor of relevance, s, is 0.8, 0.5, 0.5, 0.8 and 0.25.
    """
    directions = np.array([[1, 0], [0, 1], [0, 1], [1, 0], [0, 0.5]], np.float32)
    users, items, values = (np.array(column) for column in zip(*RATINGS, strict=True))
    choices = np.zeros((6, 5))
    choices[users - 1, items - 10] = values / 5
    return {
        "relevance_directions": directions,
        "relevance_gains": np.array([2, 0.5], np.float32),
        "relevance_scales": np.ones(5, np.float32),
        "relevance_average": (choices.mean(0) @ directions).astype(np.float32),
    }


HOSTILE = "<img src=x onerror=\"document.title='broken into'\"><script>document.title='broken into'</script>"
LONG = "Supercalifragilisticexpialidocious" * 4


def many() -> tuple[dict[str, Array], ItemTable]:
    """The films, and 20 of no taste, among them one with a hostile title and one with too long a title."""
    means = np.linspace(-0.35, -0.9, 20).astype(np.float32)
    titles = (HOSTILE, LONG, *(f"Sequel {number}" for number in range(2, 20)))
    more = {
        "matrix": np.hstack([MATRIX, MEAN + USER_MEANS[:, None] + means]).astype(np.float32),
        "item_ids": np.concatenate([ITEM_IDS, np.arange(100, 120)]),
        "item_means": np.concatenate([ITEM_MEANS, means]),
    }
    items = ItemTable((*TITLES, *titles), (*YEARS, *[1999] * 20), (*GENRES, *[("Sequel",)] * 20))
    return arrays("LinearNetwork") | more, items
