"""The least error that there can be on planted ratings: of who knows the model, and has these ratings alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.scale.planted import NOISE, STEP, Floats, Planted, Shape
from data.datamodules import PreparedDataModule
from data.ratings import Indices
from data.sorted_ratings import SortedRatings
from recsys.linalg.row_grams import RowGrams

_BLOCK = 1 << 16  # rows or pairs whose matrices are held at once


def least_errors(shape: Shape, folder: Path) -> dict[str, float]:
    """RMSE on the ratings to test on: with the planted means, and with what the ratings to train on leave open beside.

    Who knows all of the model but the rows of the users has of (b_u, p_u) the posterior covariance (Λ + Σ_i v_i v_iᵀ /
    σ²)⁻¹ with v_i = (1, q_i), and errs by v_iᵀ of it v_i beside the noise; nobody who knows less does better. With the
    same of the items added, it is what is to be expected of who knows neither, but for products of both.
    """
    planted, noise = Planted.of(shape), json.loads((folder / "floor.json").read_text())["noise"]
    data = PreparedDataModule(folder / "prepared", validation=0)
    n_train, ratings = data.prepared.manifest.n_train, data.ratings
    by_user, by_item = data.sorted_training_set()
    users, items = (  # of those that have ratings
        rows[np.asarray(ids, np.int64)]
        for rows, ids in ((planted.users, ratings.user_ids), (planted.items, ratings.item_ids))
    )
    tested = (ratings.users[n_train:], ratings.items[n_train:])
    of_users = _left_open(by_user, users, torch.from_numpy(items), *tested)
    of_items = _left_open(by_item, items, torch.from_numpy(users), *tested[::-1])
    return {
        "noise": noise,
        "items_known": (noise**2 + of_users) ** 0.5,
        "none_known": (noise**2 + of_users + of_items) ** 0.5,
    }


def _left_open(ratings: SortedRatings, rows: Floats, others: Tensor, sides: Indices, asked: Indices) -> float:
    """Mean of v_mᵀ (Λ + Σ v vᵀ / σ²)⁻¹ v_m over pairs (n,) of a side's rows and others m, with v = (1, the vector)."""
    vectors = torch.cat([torch.ones(len(others), 1), others[:, 1:]], 1)
    grams = RowGrams(ratings, len(others)).of(torch.cat([vectors, torch.zeros(len(others), 1)], 1))[:, :-1, :-1]
    prior = torch.diag(1 / torch.from_numpy(rows).square().mean(0))
    covariances = torch.cat(
        [torch.linalg.inv(prior + part / (NOISE**2 + STEP**2 / 12)) for part in torch.split(grams, _BLOCK)]
    )
    total = 0.0
    for start in range(0, sides.size, _BLOCK):
        pairs = slice(start, start + _BLOCK)
        side, v = torch.from_numpy(sides[pairs].astype(np.int64)), vectors[asked[pairs].astype(np.int64)]
        total += float(torch.einsum("na,nab,nb->n", v, covariances[side], v).double().sum())
    return total / sides.size
