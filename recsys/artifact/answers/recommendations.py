"""The best items of many users, in blocks that bound the memory, from the arrays of a trained model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from data.ids import Known, Positions
from recsys.artifact.answers.item_ratings import ItemRatings, KnownRatings, item_scores
from recsys.artifact.answers.ranking import best
from recsys.artifact.answers.relevant_items import most_relevant
from recsys.artifact.model import SOURCES, Floats, Found, TrainedModel

Order = Literal["relevance", "rating"]
"""What items are ordered by: how likely the user is to choose and like them, or the rating that is predicted."""
ORDERS: tuple[Order, ...] = get_args(Order)

Rated = tuple[Positions, Floats]
"""Positions of the items (k,) that a user rated, and the ratings."""

_NUMBERS = 1 << 22  # held at once while users are scored


class Recommendations(NamedTuple):
    """A table of m recommendations: those of each user together, the best first."""

    user: npt.NDArray[Any]
    """Original ids (m,), as they were asked for."""
    item: npt.NDArray[Any]
    """Original ids (m,)."""
    rank: npt.NDArray[np.int64]
    """1, 2, … of each user, (m,)."""
    rating: Floats
    """Predicted ratings (m,), clipped to the scale."""
    relevance: Floats
    """How likely the user is to choose and like the item, (m,), as `Relevance` says; NaN if it is not known."""
    source: npt.NDArray[np.object_]
    """Who answers for the user, (m,): one of `SOURCES`."""
    deviation: Floats
    """Standard deviations of the ratings, (m,); NaN where a mean answers or the kind of model does not say."""


class Page(NamedTuple):
    """Items in an order: positions (n,), ratings (n,) not clipped, the relevance of each or None, and the order."""

    items: Positions
    ratings: Floats
    relevance: Floats | None
    """(n,), or None if it is not known."""
    order: Order


def best_of(
    model: TrainedModel, rated: Rated, ratings: ItemRatings, candidates: Known, order: Order, offset: int, n: int
) -> Page:
    """The n best candidates for a user after the first `offset`.

    Args:
        model: the model.
        rated: positions of the items (k,) that the user rated, and the ratings.
        ratings: what the user is predicted to rate items.
        candidates: which items may be there, (n_items,).
        order: what they are ordered by; by rating if the artefact, of an older format, says nothing of relevance.
        offset: how many to leave out before.
        n: how many.
    """
    if model.relevance is not None and order == "relevance":
        return Page(*most_relevant(model.relevance, rated, ratings, candidates, offset, n), order)
    scores = ratings.all()
    items = best(scores, candidates, offset, n)
    predicted = scores[items]
    if model.relevance is None:
        return Page(items, predicted, None, "rating")
    chosen = model.relevance.choices(*rated, items)
    return Page(items, predicted, model.relevance.relevance(chosen, predicted), order)


def recommendations(
    model: TrainedModel, asked: npt.NDArray[Any], users: Found, n: int, order: Order
) -> Iterator[Recommendations]:
    """The n best items that each user has not rated, in blocks of users.

    Args:
        model: the model.
        asked: original ids of users (k,).
        users: where they stand, (k,) each.
        n: how many; fewer for a user who has rated all others.
        order: what they are ordered by; by rating if the artefact says nothing of relevance.
    """
    step = max(1, _NUMBERS // model.item_ids.size)
    for start in range(0, max(asked.size, 1), step):
        block = slice(start, start + step)
        yield _of_block(model, asked[block], (users[0][block], users[1][block]), n, order)


def _of_block(model: TrainedModel, asked: npt.NDArray[Any], users: Found, n: int, order: Order) -> Recommendations:
    scores, sources = item_scores(model, users)
    candidates = np.ones(model.item_ids.size, np.bool_)
    nothing = np.empty(0, np.int64), np.empty(0, np.float32)
    chosen: list[Positions] = [nothing[0]]  # of nobody, so that there is something of no users, too
    ratings: list[Floats] = [nothing[1]]
    relevances: list[Floats] = [nothing[1]]
    for row, (user, is_known) in enumerate(zip(*(side.tolist() for side in users), strict=True)):
        rated = model.rated_by(user) if is_known else nothing
        candidates[rated[0]] = False
        page = best_of(model, rated, KnownRatings(scores[row]), candidates, order, 0, n)
        candidates[rated[0]] = True
        chosen.append(page.items)
        ratings.append(page.ratings)
        relevances.append(np.full(page.items.size, np.nan, np.float32) if page.relevance is None else page.relevance)
    lengths = [each.size for each in chosen[1:]]
    rows, items = np.repeat(np.arange(asked.size), lengths), np.concatenate(chosen)
    found: Found = users[0][rows], users[1][rows]
    all_found: Known = np.ones(items.size, np.bool_)
    return Recommendations(
        user=asked[rows],
        item=model.item_ids[items],
        rank=np.concatenate([np.arange(1, each.size + 1) for each in chosen]),
        rating=np.concatenate(ratings).clip(*model.manifest.rating_scale),
        relevance=np.concatenate(relevances),
        source=np.array(SOURCES, object)[sources[rows]],
        deviation=model.deviations(found, (items, all_found)),
    )
