"""How films are ranked for newcomers by their first ratings: NDCG@10."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.fold_in.newcomers import GIVEN, Newcomer
from benchmarks.ranking_table.held_out import Floats, HeldOut
from benchmarks.ranking_table.metrics import ndcg_at_10
from benchmarks.ranking_table.peers import as_sparse, ease_weights, ials_model
from recsys.artifact import Artifact, item_scores, positions
from serving.answers.fold_in.choice import fold_in
from serving.answers.item_vectors import item_vectors

# As the ranking table chose them on validation ratings of 90:10.
_RIDGE = 200.0
_IALS = {"factors": 64, "regularization": 30, "alpha": 1}


def ranked(artifact: Artifact, people: list[Newcomer], train: pd.DataFrame, seed: int) -> dict[int, dict[str, float]]:
    """NDCG@10 of each method after each number of ratings."""
    data, choices = held_out(artifact, people), _choices(artifact, train)
    ease, ials = ease_weights(choices / 5, _RIDGE), ials_model(choices, seed, **_IALS)
    found: dict[int, dict[str, float]] = {}
    for n in GIVEN:
        rows = given(people, n, data.train.shape[1])
        scores = {"by relevance": _relevance(artifact, people, n), "most rated": _most_rated(choices, rows)}
        if n > 0:  # of nothing these say nothing
            factors = ials.recalculate_user(np.arange(len(rows)), as_sparse(rows))
            scores |= {"EASE^R on ratings": rows / 5 @ ease, "iALS (implicit)": factors @ ials.item_factors.T}
        found[n] = {name: ndcg_at_10(each, data) for name, each in scores.items()}
    return found


def retrained(model: Artifact, artifact: Artifact, people: list[Newcomer]) -> float:
    """NDCG@10 of a model that was fitted to the first ratings as well; positions are those of `artifact`."""
    assert model.relevance is not None
    places, _ = positions(model.item_ids, artifact.item_ids.tolist())
    scores = []
    for who in people:
        (user,), _ = positions(model.user_ids, [who.user])
        (ratings,), _ = item_scores(model, (np.array([user]), np.array([True])))
        scores.append(model.relevance.relevance(model.relevance.choices(*model.rated_by(user)), ratings)[places])
    return ndcg_at_10(np.stack(scores), held_out(artifact, people))


def held_out(artifact: Artifact, people: list[Newcomer]) -> HeldOut:
    """The ratings of newcomers that may be given, whose films are never ranked, and those beyond."""
    n_items = artifact.item_ids.size
    beyond = [Newcomer(who.user, who.items[GIVEN[-1] :], who.ratings[GIVEN[-1] :]) for who in people]
    return HeldOut(given(people, GIVEN[-1], n_items), given(beyond, None, n_items))


def given(people: list[Newcomer], n: int | None, n_items: int) -> Floats:
    """The first n ratings of each, (people, n_items), 0 where there is none."""
    rows = np.zeros((len(people), n_items), np.float32)
    for row, who in zip(rows, people, strict=True):
        row[who.items[:n]] = who.ratings[:n]
    return rows


def _choices(artifact: Artifact, train: pd.DataFrame) -> Floats:
    """The training ratings (users, n_items), 0 where there is none."""
    users, _ = pd.factorize(train["user"])
    matrix = np.zeros((users.max() + 1, artifact.item_ids.size), np.float32)
    matrix[users, positions(artifact.item_ids, train["item"].tolist())[0]] = train["rating"]
    return matrix


def _relevance(artifact: Artifact, people: list[Newcomer], n: int) -> Floats:
    assert artifact.relevance is not None
    newcomers = fold_in(artifact, item_vectors(artifact))
    rows = []
    for who in people:
        first = who.items[:n], who.ratings[:n]
        rows.append(artifact.relevance.relevance(artifact.relevance.choices(*first), newcomers.scores(*first)[0]))
    return np.stack(rows)


def _most_rated(train: Floats, rows: Floats) -> Floats:
    return np.broadcast_to((train > 0).sum(0), rows.shape)
