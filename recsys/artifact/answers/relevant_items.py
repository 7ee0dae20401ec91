"""The most relevant items for a user, without a look at those that cannot be among them."""

from __future__ import annotations

import numpy as np

from data.ids import Known, Positions
from recsys.artifact.answers.item_ratings import ItemRatings
from recsys.artifact.answers.ranking import best
from recsys.artifact.answers.relevance import Relevance
from recsys.artifact.model import Floats

_ROUNDING = 1e-3  # of bounds, relative; sums of a thousand numbers in float32 are off by a part of that

Rated = tuple[Positions, Floats]


def most_relevant(
    relevance: Relevance, rated: Rated, ratings: ItemRatings, candidates: Known, offset: int, n: int
) -> tuple[Positions, Floats, Floats]:
    """The n most relevant candidates after the first `offset`, of equals the first item first.

    No relevance s_ui exp(β ρ_ui) is above ‖(x_u + c_n x̄) V diag(|f|)^½‖ × bound_i × exp(β ρ), with ρ that of the
    greatest rating and the bound_i of `relevance.blocks`. So blocks of items are looked at in the order of their
    bounds, and none any more once there are enough items above the bound of all that follow. That changes no answer;
    how much is left out depends on how fast the bounds fall: of a data set with many items that few have rated, most.

    Args:
        relevance: the model's.
        rated: positions of the items (k,) that the user rated, and the ratings.
        ratings: what the user is predicted to rate items.
        candidates: which items may be there, (n_items,).
        offset: how many to leave out before.
        n: how many.

    Returns:
        Positions (n,), predicted ratings, not clipped, (n,), and the relevance of each (n,).
    """
    if len(relevance.blocks) == 1:  # to leave out some of so few takes longer than to look at them
        predicted = ratings.all()
        scores = relevance.relevance(relevance.choices(*rated), predicted)
        items = best(scores, candidates, offset, n)
        return items, predicted[items], scores[items]
    place = relevance.place(*rated)
    ones = np.ones(1, np.float32)
    liking = float(relevance.relevance(ones, ones * ratings.greatest)[0]) * (1 + _ROUNDING)
    reach = float(np.linalg.norm(place * np.sqrt(np.abs(relevance.gains)))) * liking
    weighted = place * relevance.gains
    items, found = np.empty(0, np.int64), np.empty((2, 0), np.float32)  # of what is kept; its relevance and ratings
    least = -np.inf  # relevance of the last item that is wanted, of these
    for block in relevance.blocks:
        if reach * block.bound < least:
            break
        among = candidates[block.items]
        chosen = relevance.choices_of(block, weighted, among)
        worth = ~(chosen * liking < least)
        others, chosen = block.items[among][worth], chosen[worth]
        predicted = ratings.of(others)
        items = np.concatenate([items, others])
        found = np.hstack([found, [relevance.relevance(chosen, predicted), predicted]])
        if items.size > offset + n:
            least = float(np.partition(found[0], -offset - n)[-offset - n])
            kept = found[0] >= least
            items, found = items[kept], found[:, kept]
    page = np.lexsort((items, -found[0]))[offset : offset + n]
    return items[page], found[1, page], found[0, page]
