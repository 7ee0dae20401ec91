"""An artefact predicts with its arrays, or with the best mean there is."""

from __future__ import annotations

import numpy as np
import pytest

from recsys import artifact
from recsys.artifact import Artifact
from tests.recsys.artifact.small_artefact import (
    ITEMS,
    arrays,
    manifest,
)


def test_pairs_of_known_ids_are_answered_by_the_model_and_clipped() -> None:
    stored = arrays() | {"matrix": np.array([[0.0, 2.5], [5.5, 3.0], [4.0, 1.0]], np.float32)}
    predictions = Artifact(manifest(), stored, ITEMS).predict([3, 3, 7, 20], [10, 11, 10, 11])
    assert predictions.ratings.tolist() == [1.0, 2.5, 5.0, 1.0]
    assert [artifact.SOURCES[s] for s in predictions.sources] == ["model"] * 4


def test_unknown_ids_are_answered_by_the_best_mean_there_is() -> None:
    predictions = Artifact(manifest(), arrays(), ITEMS).predict([3, 99, 99, -(2**62)], [99, 11, 2**62, 10])
    assert predictions.ratings.tolist() == [4.0, 2.5, 3.5, 4.5]
    assert [artifact.SOURCES[s] for s in predictions.sources] == ["user_mean", "item_mean", "global_mean", "item_mean"]


def test_rows_without_ratings_are_answered_like_ids_that_are_not_there() -> None:
    stored = arrays() | {
        "rating_users": np.array([0], np.int32),
        "rating_items": np.array([0], np.int32),
        "rating_values": np.array([3.0], np.float32),
        "user_means": np.array([0.5, 0, 0], np.float32),
        "item_means": np.array([1.0, 0], np.float32),
    }
    model = Artifact(manifest(), stored, ITEMS)
    predictions = model.predict([3, 3, 7, 7, 20], [10, 11, 10, 11, 10])
    assert predictions.ratings.tolist()[1:] == [4.0, 4.5, 3.5, 4.5]
    sources = ["model", "user_mean", "item_mean", "global_mean", "item_mean"]
    assert [artifact.SOURCES[s] for s in predictions.sources] == sources
    assert [model.source(0, item) for item in (0, 1, None)] == ["model", "user_mean", "user_mean"]
    assert [model.source(None, item) for item in (0, 1, None)] == ["item_mean", "global_mean", "global_mean"]


def test_an_item_that_is_not_there_has_the_effect_of_a_new_item() -> None:
    model = Artifact(manifest(), arrays() | {"new_item_mean": np.array([-0.25], np.float32)}, ITEMS)
    assert model.predict([3, 99, 99], [99, 99, 11]).ratings.tolist() == [3.75, 3.25, 2.5]


def test_no_pairs_have_no_predictions() -> None:
    assert Artifact(manifest(), arrays(), ITEMS).predict([], []).ratings.tolist() == []


@pytest.mark.parametrize("ids", [["3"], [3.0], [True], [None], [2**70]])
def test_ids_of_the_wrong_type_are_an_error_and_not_a_mean(ids: list[object]) -> None:
    with pytest.raises(TypeError, match="whole numbers"):
        Artifact(manifest(), arrays(), ITEMS).predict(np.array(ids), [10])


def test_as_many_users_as_items_are_needed() -> None:
    with pytest.raises(ValueError, match="2 user ids and 1 item ids"):
        Artifact(manifest(), arrays(), ITEMS).predict([3, 7], [10])
