"""What a ranking of all items that a user has not rated is worth, by the metrics of torchmetrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torchmetrics import Metric
from torchmetrics.retrieval import RetrievalHitRate, RetrievalMAP, RetrievalNormalizedDCG, RetrievalRecall

from benchmarks.ranking_table.held_out import Floats, HeldOut

LIKED = 4  # stars from which a held-out rating counts as liked
_LISTED, _DEEPEST = 10, 100  # items of a list, and of the longest

_METRICS: dict[str, Callable[[], Metric]] = {
    "ndcg_at_10": partial(RetrievalNormalizedDCG, empty_target_action="skip", top_k=_LISTED),
    "ndcg_at_100": partial(RetrievalNormalizedDCG, empty_target_action="skip", top_k=_DEEPEST),
    "recall_at_20": partial(RetrievalRecall, empty_target_action="skip", top_k=20),
    "map_at_10": partial(RetrievalMAP, empty_target_action="skip", top_k=_LISTED),
    "hit_rate_at_10": partial(RetrievalHitRate, empty_target_action="skip", top_k=_LISTED),
}


def measured(scores: Floats, data: HeldOut) -> dict[str, float]:
    """The metrics of the rankings by scores (n_users, n_items): means over the users with something relevant.

    Relevant are the held-out ratings of at least `LIKED` stars; with the prefix any_, all held-out ratings. All items
    without a training rating of the user are ranked; none is sampled. `coverage` is the share of the items that stand
    in the ten first of anybody, `popularity` the mean number of training ratings of those.
    """
    places = _places(scores, data)
    found: dict[str, float] = {}
    for prefix, relevant in (("", data.asked >= LIKED), ("any_", data.asked > 0)):
        found |= {f"{prefix}{name}": value for name, value in _ranked(places, relevant, _METRICS).items()}
    listed = places < _LISTED
    counts = (data.train > 0).sum(0)
    found["coverage"] = float(listed.any(0).mean())
    found["popularity"] = float((listed * counts).sum() / listed.sum())
    return found


def ndcg_at_10(scores: Floats, data: HeldOut) -> float:
    """Only the metric that settings are chosen by."""
    return _ranked(_places(scores, data), data.asked >= LIKED, {"ndcg": _METRICS["ndcg_at_10"]})["ndcg"]


def _places(scores: Floats, data: HeldOut) -> np.ndarray:
    """Where each item stands in its row's ranking (n_users, n_items), 0 the first; of equals the first item first."""
    order = np.argsort(-np.where(data.train > 0, -np.inf, scores), axis=1, kind="stable")
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(scores.shape[1])[None], axis=1)
    return places


def _ranked(places: np.ndarray, relevant: np.ndarray, metrics: Mapping[str, Callable[[], Metric]]) -> dict[str, float]:
    # What is behind the longest list and not relevant changes nothing.
    users, items = np.nonzero((places < _DEEPEST) | relevant)
    preds = torch.from_numpy(1 / (1 + places[users, items]))
    target, indexes = torch.from_numpy(relevant[users, items]), torch.from_numpy(users)
    return {name: float(metric()(preds, target, indexes=indexes)) for name, metric in metrics.items()}
