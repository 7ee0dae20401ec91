"""What to ask a new user first: the items whose ratings would tell most."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

import numpy as np

from recsys.artifact import Id, best
from serving.answers.item_catalogue import CatalogueItem
from serving.answers.recommender import Recommender

# κ: to pass over an item that is not known costs a fifth of what it costs to rate one. With less, ratings tell more,
# and more items are passed over for each. Chosen on users held out by other seeds than those of benchmarks.fold_in.
_PASSED_OVER = 0.2


@dataclass(frozen=True)
class Question:
    """An item to rate, and what that is expected to tell."""

    item: CatalogueItem
    known_by: float
    """Share of the training users who rated it."""
    variance_reduction: float
    """By how much a rating of it would lower the mean variance of predictions, see `FoldIn.gains`."""


@dataclass(frozen=True)
class Questions:
    """The first questions, how many items could be asked for, and the rated items that the model does not know."""

    total: int
    page: list[Question]
    ignored: list[Id]


def next_to_rate(
    recommender: Recommender, rated: dict[Id, float], unknown: list[Id], *, n: int, strict: bool = False
) -> Questions:
    """The n items whose ratings would tell most of a new user who rated some, the most telling first.

    Only who knows an item can rate it. With P the probability that the user does, the share of the training users who
    rated it, an item that is asked for lowers the variance by P × gain, and costs κ, and P more for the rating. The
    order is that of the gain for the effort, P × gain / (κ + P). Items without training ratings tell nothing, and are
    not asked for.

    Args:
        recommender: the model.
        rated: the ratings given so far, maybe none.
        unknown: items that the user does not know; ids that the model does not know, either, say nothing.
        n: how many.
        strict: whether an unknown id among the rated items is an error.

    Raises:
        UnknownIdError: `strict`, and a rated item is unknown.
        WrongKindOfIdError: an id is not of the model's kind.
    """
    rated_ids = list(rated)
    items, known = recommender.item_ids.positions(rated_ids, strict=strict)
    left_out, exist = recommender.item_ids.positions(unknown)
    values = np.fromiter(rated.values(), np.float32, len(rated))
    gains = recommender.new_users.gains(items[known], values[known])
    catalogue = recommender.catalogue
    known_by = catalogue.counts / recommender.n_users
    candidates = catalogue.counts > 0
    candidates[items[known]] = False
    candidates[left_out[exist]] = False
    worth = gains * known_by / (_PASSED_OVER + known_by)
    page = best(worth, candidates, 0, n)
    return Questions(
        int(np.count_nonzero(candidates)),
        [Question(catalogue[item], float(known_by[item]), float(gains[item])) for item in page],
        list(compress(rated_ids, ~known)),
    )
