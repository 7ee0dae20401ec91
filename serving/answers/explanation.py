"""Why a rating was predicted: its parts, and the user's own ratings that speak for it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

import numpy as np

from recsys.artifact import Floats, Id, Positions
from serving.answers.item_catalogue import CatalogueItem
from serving.answers.recommender import BY_MODEL, FOLD_IN, USER_MEAN, Prediction, Recommender
from serving.answers.timestamps import times_from


@dataclass(frozen=True)
class Parts:
    """What a prediction is made of; all add up to it before it is clipped to the scale."""

    global_mean: float
    user: float
    item: float
    interaction: float
    time: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """A training rating of the user that speaks for a prediction."""

    item: CatalogueItem
    rating: float
    similarity: float
    weight: float


@dataclass(frozen=True)
class Contribution:
    """A rating that a user gave, and what it adds to a prediction or a relevance; below 0 it speaks against."""

    item: CatalogueItem
    rating: float
    contribution: float


@dataclass(frozen=True)
class Explanation:
    """A prediction with its parts and evidence, strongest first."""

    prediction: Prediction
    unclipped: float
    parts: Parts
    speaks_for: list[Evidence]
    chosen_with: list[Contribution]
    """What adds to the item's relevance."""


@dataclass(frozen=True)
class NewUserExplanation:
    """A new user's prediction with its parts and what the given ratings add to it, strongest first."""

    rating: float
    source: str
    unclipped: float
    parts: Parts
    contributions: list[Contribution]
    chosen_with: list[Contribution]
    ignored: list[Id]
    """Rated items that the model does not know."""


def explain(
    recommender: Recommender, user_id: Id, item_id: Id, *, n: int, timestamp: int | None = None, strict: bool = False
) -> Explanation:
    """Explain the prediction for a pair of original ids, rated at a time or, without one, whenever it may be.

    Parts: μ, the mean training rating; b_u and b_i, by how much the user and the item differ from it (damped means);
    the interaction W_ui − (μ + b_u + b_i), which is what the model knows beyond means, W_ui its prediction apart from
    time; and what the time adds to W_ui. The part of an unknown user is 0, that of an unknown item what items with few
    ratings differ by, and the last two are 0 where a mean answers.

    Evidence: each training rating r_uj has the weight s_ij (r_uj − μ − b_u − b_j), with the cosine s_ij of the two
    items' vectors: the user liked a similar item better than the means say, or liked its opposite less. At most `n`
    ratings with positive weight. Likewise the ratings that add to the relevance of the item.

    Raises:
        UnknownIdError: `strict`, and an id is unknown.
    """
    given_at = times_from([timestamp])
    (prediction,) = recommender.predict([user_id], [item_id], given_at, strict=strict)
    user, item = recommender.user_ids.find(user_id), recommender.item_ids.find(item_id)
    arrays, mean = recommender.artifact.arrays, recommender.manifest.global_mean
    user_part = 0.0 if user is None else float(arrays["user_means"][user])
    item_part = float(recommender.artifact.new_item_mean if item is None else arrays["item_means"][item])
    chosen_with = [] if user is None else to_relevance(recommender, *recommender.artifact.rated_by(user), item, n)
    if user is None or item is None or prediction.source not in BY_MODEL:
        parts = Parts(mean, user_part, item_part, 0.0)
        return Explanation(prediction, mean + user_part + item_part, parts, [], chosen_with)
    pair = np.array([user]), np.array([item])
    apart_from_time = float(recommender.artifact.scores_apart_from_time(*pair)[0])
    unclipped = float(recommender.artifact.scores(*pair, given_at)[0])
    interaction = apart_from_time - (mean + user_part + item_part)
    parts = Parts(mean, user_part, item_part, interaction, unclipped - apart_from_time)
    return Explanation(prediction, unclipped, parts, _evidence(recommender, user, item, n), chosen_with)


def to_relevance(
    recommender: Recommender, items: Positions, ratings: Floats, item: int | None, n: int
) -> list[Contribution]:
    """What ratings (k,) of items (k,) add to the relevance of the item at a position, at most `n`, the most first."""
    relevance = recommender.artifact.relevance
    if relevance is None or item is None or items.size == 0:
        return []
    (added,) = relevance.reasons(items, ratings, np.array([item]))
    return [
        Contribution(recommender.catalogue[items[i]], float(ratings[i]), float(added[i]))
        for i in np.argsort(-added, kind="stable")[:n]
        if added[i] > 0
    ]


def _evidence(recommender: Recommender, user: int, item: int, n: int) -> list[Evidence]:
    arrays = recommender.artifact.arrays
    items, ratings = recommender.artifact.rated_by(user)
    expected = recommender.manifest.global_mean + arrays["user_means"][user] + arrays["item_means"][items]
    similarities = recommender.similarities(item)[items]
    weights = similarities * (ratings - expected) * (items != item)  # the pair's own rating explains nothing
    strongest = np.argsort(-weights, kind="stable")[:n]
    return [
        Evidence(recommender.catalogue[items[i]], float(ratings[i]), float(similarities[i]), float(weights[i]))
        for i in strongest
        if weights[i] > 0
    ]


def explain_new_user(
    recommender: Recommender, rated: dict[Id, float], item_id: Id, *, n: int, strict: bool = False
) -> NewUserExplanation:
    """Explain what `Recommender.fold_in` predicts for an item from a new user's ratings.

    Parts: μ and b_i as in `explain`, and the user's own mean and the interaction of `FoldIn`. The last two together are
    the sum over all given ratings of what each adds, exactly. At most `n` of those are named. An unknown item has no
    interaction, and the b_i of items with few ratings.

    Raises:
        UnknownIdError: `strict`, and an item is unknown.
    """
    rated_ids = list(rated)
    items, known = recommender.item_ids.positions(rated_ids, strict=strict)
    items = items[known]
    if strict:
        recommender.item_ids.position(item_id)
    values = np.fromiter(rated.values(), np.float32, len(rated))[known]
    item = recommender.item_ids.find(item_id)
    added = recommender.new_users.contributions(items, values, item)
    artifact = recommender.artifact
    item_part = float(artifact.new_item_mean if item is None else artifact.arrays["item_means"][item])
    mean = recommender.manifest.global_mean
    parts = Parts(mean, float(added.to_user.sum()), item_part, float(added.to_interaction.sum()))
    unclipped = parts.global_mean + parts.user + parts.item + parts.interaction
    total = added.to_user + added.to_interaction
    return NewUserExplanation(
        rating=float(np.clip(unclipped, *recommender.manifest.rating_scale)),
        source=FOLD_IN if item is not None and artifact.item_known[item] else USER_MEAN,
        unclipped=unclipped,
        parts=parts,
        contributions=[
            Contribution(recommender.catalogue[items[i]], float(values[i]), float(total[i]))
            for i in np.argsort(-np.abs(total), kind="stable")[:n]
        ],
        chosen_with=to_relevance(recommender, items, values, item, n),
        ignored=list(compress(rated_ids, ~known)),
    )
