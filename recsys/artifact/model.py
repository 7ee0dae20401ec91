"""The model of an artefact in memory: its arrays, what they must be, and ratings from them with numpy alone."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from data.ids import Known, Positions
from recsys.artifact import times, uncertainty
from recsys.artifact.answers import relevance
from recsys.artifact.answers.relevance import Relevance
from recsys.artifact.answers.training_ratings import check_ratings, counts
from recsys.artifact.cold_items.items import ColdItems
from recsys.artifact.id_arrays import ids_in, names_of_id_arrays
from recsys.artifact.item_table import ItemTable
from recsys.artifact.kinds import KINDS
from recsys.artifact.latent.dense import DensePosterior
from recsys.artifact.latent.factored import FactoredPosterior
from recsys.artifact.latent.posterior import Posterior
from recsys.artifact.manifest import ArtifactError, Manifest
from recsys.artifact.times import Times
from recsys.artifact.uncertainty import Uncertainty
from recsys.linalg.pairwise_sum import pairwise_sum

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float32]
Found = tuple[Positions, Known]
"""Where users or items (n,) stand, and whether they do, as `data.ids.positions` gives them."""

# Who answered a prediction, best first. A row without training ratings is answered by its features where the model has
# some; a pair of which nothing is known on one side still has the mean of the other side's ratings.
SOURCES = ("model", "features", "user_mean", "item_mean", "global_mean")
_BY_MODEL, _BY_FEATURES, _BY_USER_MEAN, _BY_ITEM_MEAN, _BY_GLOBAL_MEAN = range(len(SOURCES))
_RATINGS, _FEATURES, _NOTHING = range(3)  # what a model knows a row by
_SOURCE_OF = np.array(  # by what is known of the user, then of the item
    [
        [_BY_MODEL, _BY_FEATURES, _BY_USER_MEAN],
        [_BY_FEATURES, _BY_FEATURES, _BY_GLOBAL_MEAN],
        [_BY_ITEM_MEAN, _BY_GLOBAL_MEAN, _BY_GLOBAL_MEAN],
    ],
    np.int8,
)
_SOURCE_FOR_ALL_ITEMS = np.array([_BY_MODEL, _BY_FEATURES, _BY_ITEM_MEAN], np.int8)  # by what is known of the user

_ARRAYS_OF_ALL = {
    "user_means": ("users",),
    "item_means": ("items",),
    "rating_users": ("ratings",),  # the training ratings: positions of user and item, and the value
    "rating_items": ("ratings",),
    "rating_values": ("ratings",),
}
_OPTIONAL_ARRAYS = (  # groups, of which all arrays are there or none
    {"new_item_mean": ("one",)},  # what an item without training ratings is rated above the mean; 0 if it is not there
    relevance.ARRAYS,
)
_TYPE_OF_ARRAY = {
    "user_described": np.int32,
    "item_described": np.int32,
    "rating_users": np.int32,
    "rating_items": np.int32,
    "ordinal": np.int32,
    "cold_item_columns": np.uint8,
    **times.TYPES,
}


class Predictions(NamedTuple):
    """Predicted ratings (n,), clipped to the scale, and who answered each: indices (n,) into `SOURCES`."""

    ratings: Floats
    sources: npt.NDArray[np.int8]

    def names_of_sources(self) -> list[str]:
        """Who answered each, by name."""
        return [SOURCES[source] for source in self.sources.tolist()]


class TrainedModel:
    """A trained model in memory. Ratings equal those of the Lightning model to the last bit."""

    def __init__(self, manifest: Manifest, arrays: dict[str, Array], items: ItemTable) -> None:
        """Check that the arrays are what the kind of model needs, and that the table describes its items.

        Raises:
            ArtifactError: an array is missing, has the wrong type or shape, or holds what it must not; or the table
                has more or fewer items.
        """
        self.manifest = manifest
        self.arrays = arrays
        self.items = items
        _check_names(manifest, arrays)
        try:
            self.user_ids, self.item_ids = (ids_in(side, arrays) for side in ("user", "item"))
        except ValueError as cause:
            raise ArtifactError(f"{cause}.") from cause
        n_users, n_items = self.user_ids.size, self.item_ids.size
        _check_arrays(manifest, arrays, {"one": 1, "users": n_users, "items": n_items})
        self._posterior = _posterior(arrays)
        self.cold_items = ColdItems(arrays) if "cold_item_columns" in arrays else None
        self.relevance = Relevance(arrays, manifest.rating_scale) if "relevance_gains" in arrays else None
        check_ratings(arrays, n_users, n_items, manifest.rating_scale)
        self.rating_begins = np.append(0, counts(arrays["rating_users"], n_users).cumsum())  # those of each user
        self.item_counts = counts(arrays["rating_items"], n_items)  # of training ratings, (n_items,)
        self._user_known_by = _known_by(arrays, "user", np.diff(self.rating_begins) > 0)
        self._item_known_by = _known_by(arrays, "item", self.item_counts > 0)
        self.user_known, self.item_known = self._user_known_by < _NOTHING, self._item_known_by < _NOTHING  # (n,) bool
        self.new_item_mean = np.float32(arrays["new_item_mean"][0] if "new_item_mean" in arrays else 0)
        self._all_are_known = bool(self.user_known.all() and self.item_known.all())
        try:
            items.check(n_items)
        except ValueError as cause:
            raise ArtifactError(f"the item table does not fit: {cause}.") from cause

    @property
    def uses_times(self) -> bool:
        """Whether predictions depend on when a rating is given."""
        return "window_keys" in self.arrays

    @property
    def numbers_per_score(self) -> int:
        """How many numbers are held at once for one of the `scores`."""
        if self._posterior is not None:
            return self._posterior.numbers_per_rating
        return 1 if "matrix" in self.arrays else int(self.arrays["item_factors"].shape[1])

    @property
    def says_deviations(self) -> bool:
        """Whether the kind of model says how far a rating may lie from its prediction."""
        return self._posterior is not None

    def rate(self, users: Found, items: Found, given_at: Times | None = None) -> Predictions:
        """Predict ratings for pairs (n,) of positions; what is not found, or not known, gets the best mean there is.

        `given_at` are times as in `scores`.
        """
        (users_at, user_found), (items_at, item_found) = users, items
        mean = np.float32(self.manifest.global_mean)
        ratings = self.scores(users_at, items_at, given_at)
        by_user = np.where(user_found, mean + self.arrays["user_means"][users_at], mean)
        item_effects = np.where(item_found, self.arrays["item_means"][items_at], self.new_item_mean)
        ratings = np.where(user_found & item_found, ratings, by_user + item_effects)
        sources = _SOURCE_OF[
            np.where(user_found, self._user_known_by[users_at], _NOTHING),
            np.where(item_found, self._item_known_by[items_at], _NOTHING),
        ]
        return Predictions(ratings.clip(*self.manifest.rating_scale).astype(np.float32), sources)

    def deviations(self, users: Found, items: Found, given_at: Times | None = None) -> Floats:
        """Standard deviations (n,) of ratings from the predictions for pairs (n,) of positions, as `rate` takes them.

        NaN where a mean answers, and of a kind of model that does not say.
        """
        said = self.uncertainty(users[0], items[0], given_at)
        if said is None:
            return np.full(users[0].shape, np.nan, np.float32)
        deviations: Floats = np.where(self.answers(users, items), said.deviations, np.float32(np.nan))
        return deviations

    def answers(self, users: Found, items: Found) -> Known:
        """Whether the model itself answers for pairs (n,) of positions, and not a mean, (n,)."""
        answered: Known = users[1] & items[1] & self.user_known[users[0]] & self.item_known[items[0]]
        return answered

    def answers_for(self, users: Found) -> npt.NDArray[np.int8]:
        """Who answers for users (n,) at positions, whatever the item: indices into `SOURCES`, (n,)."""
        sources: npt.NDArray[np.int8] = _SOURCE_FOR_ALL_ITEMS[
            np.where(users[1], self._user_known_by[users[0]], _NOTHING)
        ]
        return sources

    def rated_by(self, user: int) -> tuple[Positions, Floats]:
        """Positions of the items that the user at a position rated in training, ascending, and the ratings."""
        rows = slice(self.rating_begins[user], self.rating_begins[user + 1])
        return self.arrays["rating_items"][rows], self.arrays["rating_values"][rows]

    def source(self, user: int | None, item: int | None) -> str:
        """Who answers for a pair of positions, one of `SOURCES`; None stands for an id that is not there."""
        by_user = _NOTHING if user is None else self._user_known_by[user]
        by_item = _NOTHING if item is None else self._item_known_by[item]
        return SOURCES[_SOURCE_OF[by_user, by_item]]

    def uncertainty(self, users: Positions, items: Positions, given_at: Times | None = None) -> Uncertainty | None:
        """How far ratings may lie from predictions, for positions (n,); None if the kind of model does not say."""
        if self._posterior is None:
            return None
        return uncertainty.uncertainty(self.arrays, *self._posterior.latent(users, items, given_at))

    def scores(self, users: Positions | int, items: Positions | int, given_at: Times | None = None) -> Floats:
        """Ratings, not clipped, for positions of users and items that broadcast to one shape.

        `given_at` are times as `times.checked` gives them, that broadcast with them. Where nothing is known of a row,
        the rating is the mean of what is known: μ + b_u + b_i. A user without ratings has b_u = 0, an item without
        ratings that of items with few ratings.
        """
        ratings = self._modelled(users, items, given_at)
        return ratings if self._all_are_known else self._or_means(ratings, users, items)

    def rating_bound(self, user: int) -> float | None:
        """What none of the `scores` of a user at a position is above; None if only computing all of them tells."""
        bound = None if self._posterior is None else self._posterior.rating_bound(user)
        if bound is None or self._all_are_known:
            return bound
        mean = self.manifest.global_mean + float(self.arrays["user_means"][user])
        return max(bound, mean + float(self.arrays["item_means"].max()))

    def _or_means(self, ratings: Floats, users: Positions | int, items: Positions | int) -> Floats:
        means = np.float32(self.manifest.global_mean) + self.arrays["user_means"][users]
        known = self.user_known[users] & self.item_known[items]
        answered: Floats = np.where(known, ratings, means + self.arrays["item_means"][items])
        return answered

    def _modelled(self, users: Positions | int, items: Positions | int, given_at: Times | None) -> Floats:
        arrays = self.arrays
        if self._posterior is not None:
            return self._posterior.ratings(users, items, given_at)
        if "matrix" in arrays:
            entries: Floats = arrays["matrix"][users, items]
            return entries
        bias = arrays["user_bias"][users, 0] + arrays["item_bias"][items, 0]
        ratings: Floats = bias + pairwise_sum(arrays["user_factors"][users] * arrays["item_factors"][items])
        return ratings

    def scores_apart_from_time(self, users: Positions, items: Positions) -> Floats:
        """`scores` without what the time, known or expected, adds; the same for models that do not use times."""
        if self._posterior is None:
            return self.scores(users, items)
        ratings = self._posterior.ratings_apart_from_time(users, items)
        return ratings if self._all_are_known else self._or_means(ratings, users, items)


def _posterior(arrays: dict[str, Array]) -> Posterior | None:
    """What says the ratings of a model that was averaged over its posterior; None of other kinds."""
    if "levels" not in arrays:
        return None
    return DensePosterior(arrays) if "matrix" in arrays else FactoredPosterior(arrays)


def _check_names(manifest: Manifest, arrays: dict[str, Array]) -> None:
    names = expected(manifest.kind, arrays).keys() | {
        name for side in ("user", "item") for name in names_of_id_arrays(side, arrays)
    }
    if wrong := ", ".join(sorted(arrays.keys() ^ names)):
        raise ArtifactError(f"a {manifest.kind} artefact has missing or unknown arrays: {wrong}.")


def expected(kind: str, arrays: dict[str, Array]) -> dict[str, tuple[str, ...]]:
    """The arrays that there must be of a kind of model beside those of the ids, and their dimensions."""
    found = {**_ARRAYS_OF_ALL, **KINDS[kind].expected(set(arrays))}
    for group in _OPTIONAL_ARRAYS:
        if arrays.keys() & group.keys():
            found |= group
    return found


def _check_arrays(manifest: Manifest, arrays: dict[str, Array], sizes: dict[str, int]) -> None:
    """Check all arrays but those of the ids; `sizes` are those of the dimensions that are known already."""
    dimensions_of = expected(manifest.kind, arrays)
    for name, dimensions in dimensions_of.items():
        _check_array(name, arrays[name], dimensions, sizes)
    posterior = _posterior(arrays)
    if posterior is not None:
        try:
            uncertainty.check(arrays)
            posterior.check()
        except ValueError as cause:
            raise ArtifactError(f"the uncertainty cannot be used: {cause}.") from cause
    if "window_keys" in dimensions_of:
        try:
            times.check(arrays, sizes["users"])
        except ValueError as cause:
            raise ArtifactError(f"the times cannot be used: {cause}.") from cause


def _check_array(name: str, array: Array, dimensions: tuple[str, ...], sizes: dict[str, int]) -> None:
    """Check one array; `sizes` are those of the dimensions seen so far, to which its own are added."""
    kind = _TYPE_OF_ARRAY.get(name, np.float32)
    if array.dtype != kind or array.ndim != len(dimensions):
        raise ArtifactError(f"array {name} is {array.dtype}{array.shape}; expected {np.dtype(kind)} {dimensions}.")
    for dimension, size in zip(dimensions, array.shape, strict=True):
        if sizes.setdefault(dimension, size) != size:
            raise ArtifactError(f"array {name} has {size} {dimension}; other arrays have {sizes[dimension]}.")
    if array.size == 0:
        raise ArtifactError(f"array {name} is empty.")
    if kind is np.float32 and not np.isfinite(array).all():
        raise ArtifactError(f"array {name} has entries that are infinite or not numbers.")
    if kind is np.int64 and (array[1:] <= array[:-1]).any():
        raise ArtifactError(f"array {name} is not strictly ascending.")


def _known_by(arrays: dict[str, Array], side: str, rated: Known) -> npt.NDArray[np.int8]:
    """What the model knows each of the n rows of a side by, (n,)."""
    n = rated.size
    described = arrays.get(f"{side}_described", np.zeros(n)) > 0
    known: npt.NDArray[np.int8] = np.where(rated, _RATINGS, np.where(described, _FEATURES, _NOTHING)).astype(np.int8)
    return known
