"""The contract of every peer, on ratings that are known, and how its settings are compared and its fits are run."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from benchmarks.peers import PEERS, build, validate
from benchmarks.peers.graph.laplacian import laplacian
from benchmarks.peers.peer import Peer, training_set
from data.movielens import Ratings
from tests.benchmarks.peers.planted_ratings import N_ITEMS, N_USERS, planted

# A few settings chosen for 90,000 ratings would learn too little from 3,000, or too long for a test.
FOR_A_SMALL_SET: dict[str, dict[str, Any]] = {
    "mc": {"strength": 3.0},
    "gmc": {"strength": 3.0},
    "gc-mc": {"epochs": 60, "hidden": 100},
    "gc-mc-features": {"epochs": 60, "hidden": 100},
    "nfm": {"batch_size": 128, "epochs": 8},
    "graphrec": {"batch_size": 128, "epochs": 12},
    "graphrec-side": {"batch_size": 128, "epochs": 12},
    "graphrec-graph-side": {"batch_size": 128, "epochs": 12},
    "autosvdpp": {"batch_size": 128, "epochs": 12},
    "srgcnn": {"epochs": 15, "diffusions": 3},
    "fm": {"samples": 50},
    "fm-implicit": {"samples": 50},
    "fm-date": {"samples": 50},
    "fm-windows": {"samples": 50},
}


def peer(model: str, seed: int = 0) -> Peer:
    """A peer for the planted ratings; skipped where its library is missing, which is an error where CI is set."""
    try:
        return build(model, seed, **FOR_A_SMALL_SET.get(model, {}))
    except ModuleNotFoundError as error:
        reason = f"{error.name} is missing; make extras brings it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


@pytest.mark.slow
@pytest.mark.parametrize("model", PEERS)
def test_a_peer_beats_the_mean_and_says_the_same_again_for_the_same_seed(model: str) -> None:
    train, users, items, ratings = planted()
    fitted, again = peer(model), peer(model)
    for each in (fitted, again):
        each.fit(train)
    predicted = fitted.predict(users, items)
    assert predicted.shape == users.shape
    np.testing.assert_array_equal(predicted, again.predict(users, items))

    def rmse(of: npt.ArrayLike) -> float:
        return float(np.sqrt(np.mean((np.clip(np.asarray(of), 1, 5) - ratings) ** 2)))

    assert rmse(predicted) < 0.9 * rmse(train.mean)
    parameters = fitted.n_parameters()
    assert parameters is None or parameters > 0
    matrix = fitted.matrix(N_USERS, N_ITEMS)
    if matrix is not None:
        torch.testing.assert_close(matrix[users, items].double(), torch.from_numpy(predicted).double())


def test_features_are_standardised_numbers_and_one_column_for_each_word(movielens_100k: Ratings) -> None:
    train = training_set(movielens_100k, np.arange(100))
    assert train.user_features.shape == (943, 1 + 2 + 21)
    assert train.item_features.shape[0] == 1682
    for features in (train.user_features, train.item_features):
        assert abs(features[:, 0].mean()) < 1e-5
        assert features[:, 0].std() == pytest.approx(1, abs=1e-5)
        assert set(np.unique(features[:, 1:])) == {0, 1}
    assert (train.user_features[:, 1:].sum(1) == 2).all()


def test_a_laplacian_is_symmetric_and_vanishes_on_the_roots_of_the_degrees() -> None:
    points = np.array([[0.0], [0.1], [0.2], [9.0], [9.1]], dtype=np.float32)
    matrix = laplacian(points, 1)  # joins 0–1, 1–2 and 3–4
    torch.testing.assert_close(matrix, matrix.T)
    torch.testing.assert_close(matrix @ torch.tensor([1.0, 2**0.5, 1.0, 1.0, 1.0]), torch.zeros(5))
    assert matrix[0, 2] == matrix[0, 3] == 0


@pytest.mark.slow
def test_settings_are_compared_on_validation_ratings(
    movielens_100k: Ratings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["validate", "imc", "--seeds", "100", "--grid", "steps=5,50"])
    validate.main()
    few, more = (float(line.partition("}: ")[2].split()[0]) for line in capsys.readouterr().out.splitlines())
    assert 1.0 < more < few < 1.2


def test_a_setting_that_a_peer_does_not_have_is_refused() -> None:
    with pytest.raises(SystemExit, match="out of seed, strength, steps; not 'depth=5'"):
        validate.settings_of(["depth=5"], build("imc", 0))
