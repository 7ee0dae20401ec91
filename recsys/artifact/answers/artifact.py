"""A trained model as one uses it: asked by original ids, written to a directory, shown in a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import override

from data.ids import positions
from recsys.artifact import times
from recsys.artifact.answers.cold_items import AVERAGE_USER, ColdPredictions, cold_items_of, rate
from recsys.artifact.answers.columns import Asked, ids_of, pairs_of
from recsys.artifact.answers.recommendations import ORDERS, Order, Recommendations, recommendations
from recsys.artifact.model import Floats, Found, Predictions, TrainedModel
from recsys.artifact.writing import save_as


class Artifact(TrainedModel):
    """A trained model in memory. Predictions equal those of the Lightning model to the last bit."""

    def predict(
        self, user_ids: Any, item_ids: npt.ArrayLike | None = None, timestamps: npt.ArrayLike | None = None
    ) -> Predictions:
        """Predict ratings for pairs of original ids; unknown ids get the best mean there is.

        So do users and items without training ratings of which the model has no features.

        Args:
            user_ids: (n,). Or, without item ids, a table of pairs with a column of users, one of items and perhaps one
                of times, which are recognised by the names that they usually have: of pandas, polars or Arrow, or a
                dict.
            item_ids: (n,).
            timestamps: (n,) say when the ratings are given, in seconds since 1970, UTC, as in the data; −1 for a time
                that is not known, as all are without them. Models that do not use times leave them aside.

        Raises:
            TypeError: an id is not of the model's kind, whole numbers of at most 64 bits or text, or a timestamp is no
                such number.
            ValueError: there are not as many users as items and timestamps, or a timestamp is not of 1970 to 9999.
            ColumnError: a column of the table is missing, or there are several that may be meant.
        """
        return self.rate(*self._found(user_ids, item_ids, timestamps))

    def predict_deviations(
        self, user_ids: Any, item_ids: npt.ArrayLike | None = None, timestamps: npt.ArrayLike | None = None
    ) -> Floats:
        """Standard deviations (n,) of the ratings from what `predict` gives for the same arguments.

        NaN where a mean answers, and everywhere if the kind of model does not say.
        """
        return self.deviations(*self._found(user_ids, item_ids, timestamps))

    def predict_cold_items(
        self, features: Sequence[Mapping[str, Any]], user_ids: npt.ArrayLike | None = None
    ) -> ColdPredictions:
        """Predict ratings of items that were not there in training, by what a table of items would say of them.

        Args:
            features: of each of n items the values by the names of columns, such as {"genres": ["Drama"], "year":
                1997}; what is left out, None or NaN is missing. `cold_items.kinds` says which columns there are.
            user_ids: (m,); the average user if not given, who also stands for users of whom nothing is known.

        Raises:
            FeatureError: the model uses no such column, or a value is not of its kind.
            NoItemFeaturesError: the model knows no features of items.
            TypeError: an id is not of the model's kind.
        """
        items = list(map(cold_items_of(self).item, features))
        users = AVERAGE_USER if user_ids is None else positions(self.user_ids, ids_of(user_ids))
        return rate(self, items, users)

    def recommend(self, users: npt.ArrayLike | None = None, n: int = 10, order: Order = "relevance") -> Recommendations:
        """The n best items for each user among those without a training rating of theirs.

        Of an unknown user, and of one without ratings and features, ratings are item means and relevance is that for
        the average user.

        Args:
            users: original ids (k,), or one; all users of the model if not given.
            n: how many items for each; fewer for who has rated all others.
            order: by "relevance", how likely the user is to choose the item and to like it, as `Relevance` says; or by
                the "rating" that the model predicts before it is clipped, as artefacts of older formats always do.

        Raises:
            TypeError: an id is not of the model's kind.
            ValueError: n is less than 1, or there is no such order.
        """
        blocks = list(self.recommendations(users, n, order))
        return Recommendations(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))

    def recommendations(
        self, users: npt.ArrayLike | None = None, n: int = 10, order: Order = "relevance"
    ) -> Iterator[Recommendations]:
        """Do what `recommend` does, in blocks of users, so that any number of them takes a bounded memory."""
        if n < 1:
            raise ValueError(f"n is how many items are recommended to each user, at least 1, not {n}")
        if order not in ORDERS:
            raise ValueError(f"items are ordered by {' or '.join(ORDERS)}, not by {order!r}")
        if users is None:
            everybody = np.arange(self.user_ids.size)
            return recommendations(self, self.user_ids[everybody], (everybody, everybody >= 0), n, order)
        asked = ids_of(users)
        return recommendations(self, asked, positions(self.user_ids, asked), n, order)

    def save(self, path: Path | str) -> Path:
        """Write the artefact into a directory, from which `recsys.artifact.load` and the server read it.

        An artefact that stands there is replaced; nothing else is.

        Raises:
            ArtifactError: there is something else at the path.
            OSError: it cannot be written; nothing is left over.
        """
        return save_as(Path(path), self.manifest, self.arrays, self.items)

    @override
    def __repr__(self) -> str:
        manifest, metrics = self.manifest, self.manifest.metrics
        least, greatest = manifest.rating_scale
        tested = [f"test RMSE {metrics['test_rmse']:.4f}"] if "test_rmse" in metrics else []
        if "test_rmse_as_served" in metrics and metrics["test_rmse_as_served"] != metrics.get("test_rmse"):
            tested.append(f"{metrics['test_rmse_as_served']:.4f} without the ratings' times")
        return (
            f"<Artifact {manifest.kind} {manifest.recipe} of {manifest.data_name}: "
            f"{self.arrays['rating_values'].size:,} ratings in {least:g} … {greatest:g} of {self.item_ids.size:,} "
            f"items by {self.user_ids.size:,} users{''.join(f', {each}' for each in tested)}>"
        )

    def _found(
        self, user_ids: Any, item_ids: npt.ArrayLike | None, timestamps: npt.ArrayLike | None
    ) -> tuple[Found, Found, times.Times | None]:
        if item_ids is None:
            asked = pairs_of(user_ids, with_times=self.uses_times)
        else:
            asked = Asked(ids_of(user_ids), ids_of(item_ids), None if timestamps is None else np.asarray(timestamps))
        users, items = positions(self.user_ids, asked.users), positions(self.item_ids, asked.items)
        if users[0].shape != items[0].shape:
            raise ValueError(f"pairs are needed, not {users[0].size} user ids and {items[0].size} item ids")
        given_at = None if asked.times is None else times.checked(asked.times)
        if given_at is not None and given_at.shape != users[0].shape:
            raise ValueError(f"{users[0].size} pairs need as many timestamps, not {given_at.size}")
        return users, items, given_at
