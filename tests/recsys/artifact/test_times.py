"""Artefacts whose predictions depend on when a rating is given."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from recsys.artifact import Array, Artifact, ArtifactError
from recsys.artifact.times import LATEST, UNKNOWN, window_key
from tests.recsys.artifact.small_artefact import ITEM_IDS, ITEMS, USER_IDS, arrays, manifest

DAY = 86_400
T = 10_000 * DAY + 30  # in the windows of user 3 below
# Windows of 10 s and a day: (place of the width, position of the user, number): mean, variance.
WINDOWS = {
    (0, 0, T // 10): (0.25, 0.01),
    (0, 2, T // 10): (-0.5, 0.02),
    (1, 0, T // DAY): (0.125, 0.03),
    (1, 0, T // DAY + 1): (-1.0, 0.04),
}


def timed_arrays(ordinal: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(5)
    pairs = (USER_IDS.size, ITEM_IDS.size)
    keys = [int(window_key(place, USER_IDS.size, np.array(user), np.array(n))) for place, user, n in WINDOWS]
    return arrays() | {
        "location": rng.uniform(1, 5, pairs).astype(np.float32),
        "deviation": rng.uniform(0.8, 1.2, pairs).astype(np.float32),
        "thresholds": np.array([1.5, 2.5, 3.5, 4.5], np.float32),
        "levels": np.array([1, 2, 3, 4, 5], np.float32),
        "timed_location": rng.uniform(2, 4, pairs).astype(np.float32),
        "timed_variance": rng.uniform(0.6, 1.0, pairs).astype(np.float32),
        "window_widths": np.array([10, DAY]),
        "new_window_variances": np.array([0.1, 0.2], np.float32),
        "window_keys": np.array(keys),
        "window_means": np.array([mean for mean, _ in WINDOWS.values()], np.float32),
        "window_variances": np.array([variance for _, variance in WINDOWS.values()], np.float32),
        "ordinal": np.array([ordinal], np.int32),
    }


def timed(**changes: Array) -> Artifact:
    return Artifact(manifest("BayesianEmbedding"), timed_arrays() | changes, ITEMS)


@pytest.mark.parametrize(
    ("user", "time", "added"),
    [
        (0, T, 0.375),  # both windows have training ratings
        (0, T + 30, 0.125),  # the same day, but other 10 s
        (0, T + DAY, -1.0),
        (0, T + 2 * DAY, 0.0),
        (1, T, 0.0),  # other users' windows
        (2, T, -0.5),
    ],
)
def test_the_effects_of_the_windows_that_a_time_lies_in_are_added(user: int, time: int, added: float) -> None:
    model = timed()
    (rating,) = model.predict([USER_IDS[user]], [11], [time]).ratings
    assert rating == np.clip(model.arrays["timed_location"][user, 1] + np.float32(added), 1, 5)


def test_a_time_that_is_not_known_is_answered_as_without_one_and_an_unknown_id_by_a_mean() -> None:
    model, users, items = timed(), [3, 3, 20, 4], [10, 10, 11, 10]
    without, mixed = model.predict(users, items), model.predict(users, items, [UNKNOWN, T, UNKNOWN, T])
    assert (without.ratings == mixed.ratings).tolist() == [True, False, True, True]
    assert mixed.sources.tolist() == without.sources.tolist()
    assert (model.predict(users, items, [UNKNOWN] * 4).ratings == without.ratings).all()


def test_the_uncertainty_at_a_time_has_the_variances_of_its_windows() -> None:
    model = timed()
    users, items, times = np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([T, UNKNOWN, T])
    with_times, without = model.uncertainty(users, items, times), model.uncertainty(users, items)
    assert with_times is not None
    assert without is not None
    same = (with_times.probabilities == without.probabilities).all(1)
    assert same.tolist() == [False, True, False]
    deviation = np.sqrt(model.arrays["timed_variance"][0, 1] + 0.01 + 0.03)
    changed = {"location": np.full((3, 2), model.arrays["timed_location"][0, 1] + 0.375, np.float32)}
    changed["deviation"] = np.full((3, 2), deviation, np.float32)
    plain = timed(**changed).uncertainty(users[:1], items[:1])
    assert plain is not None
    np.testing.assert_allclose(with_times.probabilities[0], plain.probabilities[0], atol=1e-6)


def test_an_ordinal_rating_at_a_time_is_the_sum_over_its_levels() -> None:
    model = Artifact(manifest("BayesianEmbedding"), timed_arrays(ordinal=1), ITEMS)
    said = model.uncertainty(np.array([0]), np.array([1]), np.array([T]))
    assert said is not None
    (rating,) = model.predict([3], [11], [T]).ratings
    assert rating == pytest.approx(float(said.probabilities[0] @ [1, 2, 3, 4, 5]), abs=1e-5)


def test_scores_apart_from_time_are_those_without_effects() -> None:
    model = timed()
    users, items = np.array([0, 2]), np.array([1, 0])
    assert (model.scores_apart_from_time(users, items) == model.arrays["timed_location"][users, items]).all()
    plain = Artifact(manifest(), arrays(), ITEMS)
    assert (plain.scores_apart_from_time(users, items) == plain.scores(users, items)).all()


def test_a_model_that_does_not_use_times_leaves_them_aside() -> None:
    plain = Artifact(manifest(), arrays(), ITEMS)
    assert not plain.uses_times
    assert (plain.predict([3, 7], [10, 11], [T, 0]).ratings == plain.predict([3, 7], [10, 11]).ratings).all()


@pytest.mark.parametrize("make", [timed, lambda: Artifact(manifest(), arrays(), ITEMS)])
@pytest.mark.parametrize(
    ("timestamps", "message"),
    [
        ([T * 1000, 0], f"{T * 1000} is no time from 1970 to 9999 in seconds"),  # milliseconds
        ([0, LATEST + 1], "is no time from 1970"),
        ([-2, 0], "-2 is no time from 1970"),
        ([T], "2 pairs need as many timestamps, not 1"),
    ],
)
def test_nonsense_for_a_time_is_refused_by_every_model(
    make: Callable[[], Artifact], timestamps: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make().predict([3, 7], [10, 11], timestamps)


@pytest.mark.parametrize("timestamps", [[1.5, 2.5], ["1", "2"], [True, False]])
def test_times_of_the_wrong_type_are_an_error(timestamps: list[object]) -> None:
    with pytest.raises(TypeError, match="timestamps are whole numbers of seconds"):
        timed().predict([3, 7], [10, 11], timestamps)  # type: ignore[arg-type]  # the error is what is tested


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("window_widths", np.array([0, 10]), "widths below a second"),
        ("timed_variance", np.zeros((3, 2), np.float32), "not positive"),
        ("window_variances", np.full(4, -1, np.float32), "below 0"),
        ("new_window_variances", np.full(2, -1, np.float32), "below 0"),
        ("window_keys", np.array([1, 2, 3, 6 << 40]), "no user or width"),
        ("window_keys", np.array([-1, 2, 3, 4]), "no user or width"),
        ("window_keys", np.array([2, 2, 3, 4]), "not strictly ascending"),
        ("window_means", np.zeros(3, np.float32), "other arrays have"),
        ("window_means", np.full(4, np.nan, np.float32), "infinite or not numbers"),
        ("ordinal", np.array([2], np.int32), "neither 0 nor 1"),
    ],
)
def test_arrays_that_cannot_be_right_are_refused(name: str, array: Array, message: str) -> None:
    with pytest.raises(ArtifactError, match=message):
        timed(**{name: array})


def test_all_arrays_of_times_are_needed_or_none() -> None:
    some = {name: array for name, array in timed_arrays().items() if name != "window_means"}
    with pytest.raises(ArtifactError, match="missing or unknown arrays: window_means"):
        Artifact(manifest("BayesianEmbedding"), some, ITEMS)
    with pytest.raises(ArtifactError, match="window_keys"):
        Artifact(manifest(), arrays() | {"window_keys": np.array([1])}, ITEMS)
