"""How well the other ratings of newcomers are predicted from their first ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.fold_in.newcomers import GIVEN, Newcomer, rmse
from recsys.artifact import Artifact, Floats, Positions
from serving.answers.fold_in.choice import fold_in
from serving.answers.fold_in.ridge import Ridge
from serving.answers.item_vectors import item_vectors

_DAMPING = 5.0  # ratings; as `recsys.starts.DampedMeans` damps users

Predict = Callable[[Positions, Floats], npt.NDArray[Any]]


def methods(artifact: Artifact) -> dict[str, Predict]:
    """Everything that predicts all items from a few ratings, and is not trained again."""
    vectors, mean = item_vectors(artifact), artifact.manifest.global_mean
    item_means = mean + artifact.arrays["item_means"].astype(np.float64)
    ridge, conditional = Ridge(artifact, vectors), fold_in(artifact, vectors)

    def user_mean(items: Positions, ratings: Floats) -> npt.NDArray[np.float64]:
        return np.full(item_means.size, mean + (ratings - mean).sum() / (ratings.size + _DAMPING))

    def both_means(items: Positions, ratings: Floats) -> npt.NDArray[np.float64]:
        own: np.float64 = (ratings - item_means[items]).sum() / (ratings.size + _DAMPING)
        return np.add(item_means, own)

    return {
        "conditional": lambda items, ratings: conditional.scores(items, ratings)[0],
        "ridge": lambda items, ratings: ridge.scores(items, ratings)[0],
        "user means": user_mean,
        "user and item means": both_means,
        "item means": lambda items, ratings: item_means,
    }


def folded_in(artifact: Artifact, people: list[Newcomer]) -> dict[int, dict[str, float]]:
    """RMSE of each method after each number of ratings."""
    found: dict[int, dict[str, float]] = {}
    for n in GIVEN:
        found[n] = {}
        for name, predict in methods(artifact).items():
            errors = [
                predict(who.items[:n], who.ratings[:n])[who.items[GIVEN[-1] :]].clip(*artifact.manifest.rating_scale)
                - who.ratings[GIVEN[-1] :]
                for who in people
            ]
            found[n][name] = rmse(errors)
        found[n]["within 90 %"] = _covered(artifact, people, n)
    return found


def retrained(model: Artifact, people: list[Newcomer], ids: npt.NDArray[np.int64]) -> float:
    """RMSE of a model that was fitted to the first ratings as well; `ids` are those of the newcomers' positions."""
    errors = [
        model.predict(np.full(who.items.size - GIVEN[-1], who.user), ids[who.items[GIVEN[-1] :]]).ratings
        - who.ratings[GIVEN[-1] :]
        for who in people
    ]
    return rmse(errors)


def _covered(artifact: Artifact, people: list[Newcomer], n: int) -> float:
    """Share of the ratings that lie within 1.645 standard deviations of the conditional after n."""
    conditional, inside = fold_in(artifact, item_vectors(artifact)), []
    for who in people:
        given, asked = (who.items[:n], who.ratings[:n]), who.items[GIVEN[-1] :]
        said = conditional.uncertainty(*given, asked)
        assert said is not None
        errors = conditional.scores(*given)[0][asked] - who.ratings[GIVEN[-1] :]
        inside.append(np.abs(errors) <= 1.645 * said.deviations)
    return float(np.concatenate(inside).mean())
