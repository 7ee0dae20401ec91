"""Why a rating was predicted: its parts, and the user's own ratings that speak for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from serving.catalogue import CatalogueItem
from serving.recommender import Prediction, Recommender


@dataclass(frozen=True)
class Parts:
    """What a prediction is made of; the four add up to it before it is clipped to the scale."""

    global_mean: float
    user: float
    item: float
    interaction: float


@dataclass(frozen=True)
class Evidence:
    """A training rating of the user that speaks for a prediction."""

    item: CatalogueItem
    rating: float
    similarity: float
    weight: float


@dataclass(frozen=True)
class Explanation:
    """A prediction with its parts and evidence, strongest first."""

    prediction: Prediction
    unclipped: float
    parts: Parts
    speaks_for: list[Evidence]


def explain(recommender: Recommender, user_id: int, item_id: int, *, n: int, strict: bool = False) -> Explanation:
    """Explain the prediction for a pair of original ids.

    Parts: μ, the mean training rating; b_u and b_i, by how much the user and the item differ from it (damped means);
    and the interaction W_ui − (μ + b_u + b_i), which is what the model knows beyond means. The part of an unknown user
    or item, and then the interaction too, is 0.

    Evidence: each training rating r_uj has the weight s_ij (r_uj − μ − b_u − b_j), with the cosine s_ij of the two
    items' vectors: the user liked a similar item better than the means say, or liked its opposite less. At most `n`
    ratings with positive weight.

    Raises:
        UnknownIdError: `strict`, and an id is unknown.
    """
    (prediction,) = recommender.predict([user_id], [item_id], strict=strict)
    user, item = recommender.find("user", user_id), recommender.find("item", item_id)
    arrays, mean = recommender.artifact.arrays, recommender.manifest.global_mean
    user_part = 0.0 if user is None else float(arrays["user_means"][user])
    item_part = 0.0 if item is None else float(arrays["item_means"][item])
    if user is None or item is None:
        parts = Parts(mean, user_part, item_part, 0.0)
        return Explanation(prediction, mean + user_part + item_part, parts, [])
    unclipped = float(recommender.artifact.scores(np.array([user]), np.array([item]))[0])
    parts = Parts(mean, user_part, item_part, unclipped - (mean + user_part + item_part))
    return Explanation(prediction, unclipped, parts, _evidence(recommender, user, item, n))


def _evidence(recommender: Recommender, user: int, item: int, n: int) -> list[Evidence]:
    arrays = recommender.artifact.arrays
    items, ratings = recommender.rated_by(user)
    expected = recommender.manifest.global_mean + arrays["user_means"][user] + arrays["item_means"][items]
    similarities = recommender.similarities(item)[items]
    weights = similarities * (ratings - expected) * (items != item)  # the pair's own rating explains nothing
    strongest = np.argsort(-weights, kind="stable")[:n]
    return [
        Evidence(recommender.catalogue[items[i]], float(ratings[i]), float(similarities[i]), float(weights[i]))
        for i in strongest
        if weights[i] > 0
    ]
