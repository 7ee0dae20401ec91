"""The best items of many users, in blocks that bound the memory, from the arrays of a trained model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from data.ids import Known, Positions
from recsys.artifact.answers.ranking import best
from recsys.artifact.model import SOURCES, Floats, Found, TrainedModel
from recsys.artifact.times import Times

Order = Literal["relevance", "rating"]
"""What items are ordered by: how likely the user is to choose and like them, or the rating that is predicted."""
ORDERS: tuple[Order, ...] = get_args(Order)

Rated = tuple[Positions, Floats]
"""Positions of the items (k,) that a user rated, and the ratings."""

_NUMBERS = 1 << 22  # held at once while users are scored
_MEANS = SOURCES.index("item_mean")


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


def item_scores(
    model: TrainedModel, users: Found, given_at: Times | None = None
) -> tuple[Floats, npt.NDArray[np.int8]]:
    """What users (b,) are ranked by, and who answers.

    Args:
        model: the model.
        users: their positions. Who is not found, or has neither ratings nor features, gets the means of the items,
            which are not personal.
        given_at: when items would be rated, (b,), as `times.checked` gives them.

    Returns:
        Ratings of all items, not clipped, (b, n_items), and who answers for each user, (b,), indices into `SOURCES`.
    """
    sources = model.answers_for(users)
    items = np.arange(model.item_ids.size)
    scores = np.empty((sources.size, items.size), np.float32)
    personal = sources != _MEANS
    scores[~personal] = np.float32(model.manifest.global_mean) + model.arrays["item_means"]
    rows = users[0][personal][:, None]
    times = None if given_at is None else given_at[personal][:, None]
    step = max(1, _NUMBERS // (max(rows.size, 1) * model.numbers_per_score))
    for start in range(0, items.size if rows.size else 0, step):
        scores[personal, start : start + step] = model.scores(rows, items[start : start + step], times)
    return scores, sources


class Page(NamedTuple):
    """Items in an order: positions (n,), the relevance of each (n,) or None if it is not known, and the order."""

    items: Positions
    relevance: Floats | None
    order: Order


def best_of(
    model: TrainedModel, rated: Rated, scores: Floats, candidates: Known, order: Order, offset: int, n: int
) -> Page:
    """The n best candidates for a user after the first `offset`.

    Args:
        model: the model.
        rated: positions of the items (k,) that the user rated, and the ratings.
        scores: predicted ratings of all items (n_items,), not clipped.
        candidates: which items may be there, (n_items,).
        order: what they are ordered by; by rating if the artefact, of an older format, says nothing of relevance.
        offset: how many to leave out before.
        n: how many.
    """
    if model.relevance is None:
        return Page(best(scores, candidates, offset, n), None, "rating")
    if order == "rating":
        items = best(scores, candidates, offset, n)
        chosen = model.relevance.choices(*rated, items)
        return Page(items, model.relevance.relevance(chosen, scores[items]), order)
    relevance = model.relevance.relevance(model.relevance.choices(*rated), scores)
    items = best(relevance, candidates, offset, n)
    return Page(items, relevance[items], order)


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
    relevances: list[Floats] = [nothing[1]]
    for row, (user, is_known) in enumerate(zip(*(side.tolist() for side in users), strict=True)):
        rated = model.rated_by(user) if is_known else nothing
        candidates[rated[0]] = False
        items, relevance, _ = best_of(model, rated, scores[row], candidates, order, 0, n)
        candidates[rated[0]] = True
        chosen.append(items)
        relevances.append(np.full(items.size, np.nan, np.float32) if relevance is None else relevance)
    lengths = [page.size for page in chosen[1:]]
    rows, items = np.repeat(np.arange(asked.size), lengths), np.concatenate(chosen)
    found: Found = users[0][rows], users[1][rows]
    all_found: Known = np.ones(items.size, np.bool_)
    return Recommendations(
        user=asked[rows],
        item=model.item_ids[items],
        rank=np.concatenate([np.arange(1, page.size + 1) for page in chosen]),
        rating=scores[rows, items].clip(*model.manifest.rating_scale),
        relevance=np.concatenate(relevances),
        source=np.array(SOURCES, object)[sources[rows]],
        deviation=model.deviations(found, (items, all_found)),
    )
