"""What newcomers are asked first, and how well their other ratings are predicted from the answers.

A newcomer knows the films that were rated in truth. Half of these ratings are predicted, the same ones whatever is
asked, and never asked for; any other film of the catalogue may be. Then the halves change places. Of a film that was
not rated the answer is "I do not know it", and the next one is asked for. So questions count as well as answers: films
at random are answered as often as they are rated, like those that are predicted, and tell much, but who would go
through a hundred films for five answers?
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from benchmarks.fold_in.newcomers import Newcomer, rmse
from recsys.artifact import Artifact
from serving.answers.questions import next_to_rate
from serving.answers.recommender import Recommender

ANSWERS, QUESTIONS = 5, (10, 20)
"""After so many answers, and after so many questions, the others are predicted."""


class _Answer(NamedTuple):
    number: int
    """Of the question, from 1."""
    item: int
    rating: float


Order = Callable[[list[_Answer], list[int]], Iterable[int]]
"""Positions of the items to ask for next, the first first, after answers and of items not to ask for."""


def asked(artifact: Artifact, people: list[Newcomer], seed: int) -> dict[str, dict[str, float]]:
    """Of each way to ask: RMSE after the answers and the questions, and the median number of questions."""
    recommender = Recommender(artifact)
    rng = np.random.default_rng(seed)
    answered: dict[str, list[list[_Answer]]] = {}
    people = [each for who in people for each in (who, Newcomer(who.user, who.items[::-1], who.ratings[::-1]))]
    for who in people:
        for name, order in _orders(recommender, rng).items():
            answered.setdefault(name, []).append(_answers(who, order))
    found = {}
    for name, of_people in answered.items():
        first = [answers[:ANSWERS] for answers in of_people]
        found[name] = {f"after {ANSWERS} answers": _rmse(recommender, people, first)}
        for questions in QUESTIONS:
            in_time = [[answer for answer in answers if answer.number <= questions] for answers in of_people]
            found[name][f"after {questions} questions"] = _rmse(recommender, people, in_time)
        number = [answers[ANSWERS - 1].number for answers in of_people if len(answers) >= ANSWERS]
        found[name][f"questions for {ANSWERS} answers"] = float(statistics.median(number))
    return found


def _orders(recommender: Recommender, rng: np.random.Generator) -> dict[str, Order]:
    """The ways to ask; at random in one order for one newcomer."""
    counts, n_items = recommender.catalogue.counts, recommender.n_items
    at_random, by_counts = rng.permutation(n_items), np.argsort(-counts, kind="stable")

    def proposed(answers: list[_Answer], not_asked: list[int]) -> Iterable[int]:
        rated = {recommender.item_ids[item]: rating for _, item, rating in answers}
        unknown = [recommender.item_ids[item] for item in not_asked]
        page = next_to_rate(recommender, rated, unknown, n=n_items).page
        return [recommender.item_ids.position(question.item.item_id) for question in page]

    def by_gain(answers: list[_Answer], not_asked: list[int]) -> Iterable[int]:
        items = np.array([answer.item for answer in answers], np.intp)
        ratings = np.array([answer.rating for answer in answers], np.float32)
        return _without(np.argsort(-recommender.new_users.gains(items, ratings), kind="stable"), answers, not_asked)

    return {
        "what is proposed": proposed,
        "popular films": lambda answers, not_asked: _without(by_counts, answers, not_asked),
        "what would tell most, known or not": by_gain,
        "films at random": lambda answers, not_asked: _without(at_random, answers, not_asked),
    }


def _without(order: np.ndarray, answers: list[_Answer], not_asked: list[int]) -> Iterable[int]:
    over = {*not_asked, *(answer.item for answer in answers)}
    return [item for item in order.tolist() if item not in over]


def _answers(who: Newcomer, order: Order) -> list[_Answer]:
    """The answers of a newcomer, until there are enough of them and the questions were asked."""
    known = dict(zip(who.items[: _half(who)].tolist(), who.ratings[: _half(who)].tolist(), strict=True))
    not_asked: list[int] = who.items[_half(who) :].tolist()
    answers: list[_Answer] = []
    number = 0
    while len(answers) < ANSWERS or number < QUESTIONS[-1]:
        for item in order(answers, not_asked):
            number += 1
            if item in known:
                answers.append(_Answer(number, item, known[item]))
                break
            not_asked.append(item)
        else:
            break  # all of the catalogue was asked for
    return answers


def _half(who: Newcomer) -> int:
    return who.items.size // 2


def _rmse(recommender: Recommender, people: list[Newcomer], answered: list[list[_Answer]]) -> float:
    errors: list[Any] = []
    for who, answers in zip(people, answered, strict=True):
        items = np.array([answer.item for answer in answers], np.intp)
        ratings = np.array([answer.rating for answer in answers], np.float32)
        scores = recommender.new_users.scores(items, ratings)[0][who.items[_half(who) :]]
        errors.append(scores.clip(*recommender.manifest.rating_scale) - who.ratings[_half(who) :])
    return rmse(errors)
