"""Answers from the arrays of an artefact; knows nothing of HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data.ids import Known
from recsys.artifact import (
    ORDERS,
    SOURCES,
    Artifact,
    Floats,
    Id,
    KnownRatings,
    Order,
    Predictions,
    Times,
    best,
    load,
    ratings_of,
)
from recsys.artifact.answers.recommendations import Rated
from recsys.artifact.uncertainty import Uncertainty
from serving.answers.fold_in.choice import fold_in
from serving.answers.fold_in.remembered import Remembered
from serving.answers.item_catalogue import ItemCatalogue
from serving.answers.item_vectors import item_vectors
from serving.answers.known_ids import KnownIds, Located
from serving.answers.ranking import ItemRanking, RankedItem, Ranking, Recommendations, Wanted
from serving.answers.timestamps import times_from

MODEL, FEATURES, USER_MEAN, ITEM_MEAN, GLOBAL_MEAN = SOURCES
BY_MODEL = (MODEL, FEATURES)  # answers that come from the model's own parameters
FOLD_IN = "fold_in"  # the source of a rating that a new user's own ratings led to
_NO_RATINGS = np.empty(0, np.int64), np.empty(0, np.float32)


class Prediction(NamedTuple):
    """A predicted rating on the data set's scale, and who answered, one of `SOURCES`."""

    user_id: Id
    item_id: Id
    rating: float
    source: str


class RatingDistribution(NamedTuple):
    """Standard deviation of a rating, and the probability of each rating there is, by how that is written."""

    standard_deviation: float
    probabilities: dict[str, float]


@dataclass(frozen=True)
class KnownUser:
    """A user of the training ratings."""

    user_id: Id
    n_ratings: int
    mean_rating: float | None


@dataclass(frozen=True)
class NewUserAnswer:
    """What a new user's ratings lead to: a rating and its source for each item asked for, and a ranking."""

    ratings: list[tuple[Id, float, str]]
    ranking: Recommendations
    ignored: list[Id]
    """Rated items that the model does not know."""


class Recommender:
    """One loaded model. It never changes; a new artefact is a new `Recommender`."""

    def __init__(self, artifact: Artifact) -> None:
        """Compute what all answers share: the catalogue, the item vectors, and where each user's ratings begin."""
        self.manifest = artifact.manifest
        self.user_ids, self.item_ids = KnownIds("user", artifact.user_ids), KnownIds("item", artifact.item_ids)
        self.catalogue = ItemCatalogue(artifact)
        self.artifact = artifact
        self._item_ranking = ItemRanking(artifact, self.catalogue)
        self.n_users, self.n_items = artifact.user_ids.size, artifact.item_ids.size
        self.n_ratings = artifact.arrays["rating_values"].size
        self.vectors = item_vectors(artifact)
        norms = np.linalg.norm(self.vectors, axis=1, keepdims=True)
        # Of unit length, for cosines. A vector that is nothing but rounding has no direction, and is like no other.
        self._directions = np.where(norms > 1e-5 * norms.max(), self.vectors / np.maximum(norms, 1e-30), 0)
        self._least, self._greatest = (float(np.float32(end)) for end in self.manifest.rating_scale)
        self.new_users = fold_in(artifact, self.vectors)
        self.scores_of_new_users = Remembered(self.new_users, self.n_items)
        self._by_activity = np.argsort(-np.diff(artifact.rating_begins), kind="stable")

    @property
    def orders(self) -> tuple[Order, ...]:
        """What recommendations can be ordered by, the usual order first."""
        return ORDERS if self.artifact.relevance is not None else ("rating",)

    @classmethod
    def from_directory(cls, directory: Path, share: Path | None = None) -> Recommender:
        """Load an artefact; with `share`, its arrays are those of all processes that name this folder.

        Raises:
            ArtifactError: it is missing, damaged or of an unknown kind.
        """
        return cls(load(directory, share=share))

    def predict(
        self, user_ids: Sequence[Id], item_ids: Sequence[Id], given_at: Times | None = None, *, strict: bool = False
    ) -> list[Prediction]:
        """Predict the rating of each pair of original ids, given at times as `times_from` gives them.

        Raises:
            UnknownIdError: `strict`, and an id is unknown.
            WrongKindOfIdError: an id is not of the model's kind; so in all that follows.
        """
        return list(map(Prediction, user_ids, item_ids, *self.rate(user_ids, item_ids, given_at, strict=strict)))

    def rate(
        self, user_ids: Sequence[Id], item_ids: Sequence[Id], given_at: Times | None = None, *, strict: bool = False
    ) -> tuple[list[float], list[str]]:
        """Like `predict`, but only the ratings and their sources, as two lists.

        Raises:
            UnknownIdError: `strict`, and an id is unknown.
        """
        if len(user_ids) == len(item_ids) == 1 and given_at is None:
            rating, source = self._rate_one(user_ids[0], item_ids[0], strict=strict)
            return [rating], [source]
        predictions = self.predictions(self.locate(user_ids, item_ids, strict=strict), given_at)
        return predictions.ratings.tolist(), predictions.names_of_sources()

    def locate(self, user_ids: Sequence[Id], item_ids: Sequence[Id], *, strict: bool = False) -> Located:
        """Positions of pairs of original ids, which the methods below take: to find ten thousand takes a while.

        Raises:
            UnknownIdError: `strict`, and an id is unknown.
        """
        return Located(
            self.user_ids.positions(user_ids, strict=strict), self.item_ids.positions(item_ids, strict=strict)
        )

    def predictions(self, pairs: Located, given_at: Times | None = None) -> Predictions:
        """Ratings and sources of pairs, as arrays."""
        return self.artifact.rate(pairs.users, pairs.items, given_at)

    def uncertainty(self, pairs: Located, given_at: Times | None = None) -> list[RatingDistribution | None]:
        """How far ratings may lie from the predictions; None where a mean answers or the model does not say."""
        (users, user_known), (items, item_known) = pairs
        said = self.artifact.uncertainty(users, items, given_at)
        return self.distributions(said, self.artifact.answers((users, user_known), (items, item_known)))

    def new_user_uncertainty(self, rated: dict[Id, float], asked: Sequence[Id]) -> list[RatingDistribution | None]:
        """How far ratings may lie from what `fold_in` predicts, as in `uncertainty`."""
        items, known = self.item_ids.positions(list(rated), strict=False)
        places, place_known = self.item_ids.positions(asked, strict=False)
        values = np.fromiter(rated.values(), np.float32, len(rated))
        said = self.new_users.uncertainty(items[known], values[known], places)
        return self.distributions(said, place_known & self.artifact.item_known[places])

    def recommend(
        self,
        user_id: Id,
        wanted: Wanted,
        *,
        exclude_seen: bool = True,
        timestamp: int | None = None,
        strict: bool = False,
    ) -> Recommendations:
        """Rank the items for a user by relevance, or by the rating that the model predicts before it is clipped.

        Of an unknown user, and of one without ratings and features, ratings are item means, and relevance is that for
        the average user. With a timestamp, ratings are those of that time.

        Raises:
            UnknownIdError: `strict`, and the user is unknown.
            UnknownGenreError: no item has the genre.
        """
        user = self.user_ids.position(user_id) if strict else self.user_ids.find(user_id)
        found = np.array([user or 0]), np.array([user is not None])
        ratings, source = ratings_of(self.artifact, found, times_from([timestamp]))
        rated = _NO_RATINGS if user is None else self.artifact.rated_by(user)
        return self._item_ranking.recommendations(wanted, ratings, rated, source, exclude_rated=exclude_seen)

    def similar(self, item_id: Id, *, n: int, offset: int) -> Ranking:
        """Rank the other items by the cosine of their vectors with this item's.

        Raises:
            UnknownIdError: the item is unknown.
        """
        item = self.item_ids.position(item_id)
        candidates = np.ones(self.n_items, np.bool_)
        candidates[item] = False
        similarities = self.similarities(item)
        page = best(similarities, candidates, offset, n)
        ranked = [RankedItem(self.catalogue[i], float(similarities[i])) for i in page]
        return Ranking(self.n_items - 1, "model", ranked)

    def fold_in(
        self,
        rated: dict[Id, float],
        asked: Sequence[Id],
        wanted: Wanted,
        *,
        exclude_rated: bool = True,
        strict: bool = False,
    ) -> NewUserAnswer:
        """Predict for a new user who rated some items, and recommend others, or any with `exclude_rated` false.

        Raises:
            UnknownIdError: `strict`, and an item is unknown.
            UnknownGenreError: no item has the genre.
        """
        rated_ids = list(rated)
        items, known = self.item_ids.positions(rated_ids, strict=strict)
        values = np.fromiter(rated.values(), np.float32, len(rated))
        given = items[known], values[known]
        return NewUserAnswer(
            self.rate_new_user(given, asked, strict=strict),
            self.recommend_to_new_user(given, wanted, exclude_rated=exclude_rated),
            list(compress(rated_ids, ~known)),
        )

    def rate_new_user(self, rated: Rated, asked: Sequence[Id], *, strict: bool = False) -> list[tuple[Id, float, str]]:
        """Predict for a new user who rated items at positions: each item asked for, its rating and who says so.

        Raises:
            UnknownIdError: `strict`, and an item is unknown.
        """
        places, place_known = self.item_ids.positions(asked, strict=strict)
        scores, own_mean = self.scores_of_new_users.scores(*rated)
        place_known &= self.artifact.item_known[places]
        without_item = np.float32(self.manifest.global_mean + own_mean + self.artifact.new_item_mean)
        ratings = np.where(place_known, scores[places], without_item).clip(*self.manifest.rating_scale)
        sources = np.where(place_known, FOLD_IN, "user_mean")
        return list(zip(asked, ratings.tolist(), sources.tolist(), strict=True))

    def recommend_to_new_user(self, rated: Rated, wanted: Wanted, *, exclude_rated: bool = True) -> Recommendations:
        """Rank the items for a new user who rated items at positions, or, with `exclude_rated`, those not among them.

        Raises:
            UnknownGenreError: no item has the genre.
        """
        scores, _ = self.scores_of_new_users.scores(*rated)
        ratings = KnownRatings(scores)
        return self._item_ranking.recommendations(wanted, ratings, rated, FOLD_IN, exclude_rated=exclude_rated)

    def user(self, user_id: Id) -> KnownUser:
        """Look up a user by original id.

        Raises:
            UnknownIdError: the model has none with this id.
        """
        return self._known_user(self.user_ids.position(user_id))

    def users(self, *, n: int, offset: int) -> list[KnownUser]:
        """List a page of the users, those with the most training ratings first."""
        return [self._known_user(int(user)) for user in self._by_activity[offset : offset + n]]

    def similarities(self, item: int) -> Floats:
        """Cosine of every item's vector with that of the item at a position, (n_items,)."""
        cosines: Floats = self._directions @ self._directions[item]
        return cosines.clip(-1, 1)  # rounding may leave the interval

    def distributions(self, said: Uncertainty | None, known: Known) -> list[RatingDistribution | None]:
        """How far ratings (n,) may lie from predictions, as answers have it; None where it is not known."""
        if said is None:
            return [None] * known.size
        levels = [f"{level:g}" for level in self.artifact.arrays["levels"].tolist()]
        each = zip(said.deviations.tolist(), said.probabilities.tolist(), known.tolist(), strict=True)
        return [
            RatingDistribution(deviation, dict(zip(levels, shares, strict=True))) if by_model else None
            for deviation, shares, by_model in each
        ]

    def _rate_one(self, user_id: Id, item_id: Id, *, strict: bool) -> tuple[float, str]:
        """One pair, without the arrays of one number that take longer to make than the answer."""
        find_user, find_item = self.user_ids.find, self.item_ids.find
        if strict:
            find_user, find_item = self.user_ids.position, self.item_ids.position
        user, item = find_user(user_id), find_item(item_id)
        arrays, mean = self.artifact.arrays, np.float32(self.manifest.global_mean)
        if user is not None and item is not None:
            rating = float(self.artifact.scores(user, item))
        else:
            by_user = mean if user is None else mean + arrays["user_means"][user]
            rating = float(by_user + (self.artifact.new_item_mean if item is None else arrays["item_means"][item]))
        return min(max(rating, self._least), self._greatest), self.artifact.source(user, item)

    def _known_user(self, user: int) -> KnownUser:
        ratings = self.artifact.rated_by(user)[1]
        mean = float(ratings.mean(dtype=np.float64)) if ratings.size else None
        return KnownUser(self.user_ids[user], ratings.size, mean)
