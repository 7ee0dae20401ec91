"""The metrics of the ranking table against another library's, and the command on real ratings."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.ranking_table.__main__ import main
from benchmarks.ranking_table.held_out import HeldOut
from benchmarks.ranking_table.metrics import measured
from benchmarks.ranking_table.peers import PEERS


def planted(seed: int = 0) -> tuple[np.ndarray, HeldOut]:
    """Scores of 50 users and 120 items, training ratings of a fifth and held-out ones of a tenth."""
    rng = np.random.default_rng(seed)
    drawn, stars = rng.random((50, 120)), rng.integers(1, 6, (50, 120))
    train, asked = np.where(drawn < 0.2, stars, 0), np.where(drawn > 0.9, stars, 0)
    return rng.standard_normal((50, 120)), HeldOut(train.astype(np.float32), asked.astype(np.float32))


def test_ndcg_is_that_of_implicit() -> None:
    evaluation = pytest.importorskip("implicit.evaluation", reason="needs `make extras`")
    sparse = pytest.importorskip("scipy.sparse", reason="needs `make extras`")
    scores, data = planted()

    class Ranks:
        def recommend(self, users: Any, *_: Any, N: int, **__: Any) -> tuple[np.ndarray, np.ndarray]:  # noqa: N803  # implicit's
            unseen = np.where(data.train[users] > 0, -np.inf, scores[users])
            order = np.argsort(-unseen, 1)[:, :N].astype(np.int32)
            return order, np.take_along_axis(unseen, order, 1)

    relevant = sparse.csr_matrix(data.asked >= 4).astype(np.float32)
    for k in (10, 100):
        theirs = evaluation.ranking_metrics_at_k(
            Ranks(), sparse.csr_matrix(data.train), relevant, K=k, show_progress=False, num_threads=1
        )
        assert measured(scores, data)[f"ndcg_at_{k}"] == pytest.approx(theirs["ndcg"], rel=1e-5)


def test_the_metrics_of_a_ranking_that_can_be_worked_out_by_hand() -> None:
    train, asked = np.zeros((1, 30), np.float32), np.zeros((1, 30), np.float32)
    train[0, 0], asked[0, [2, 5, 29]], asked[0, 3] = 5, 4, 2
    found = measured(-np.arange(30.0)[None], HeldOut(train, asked))  # without the first: places 2 and 5, and the last
    gained, best = 1 / math.log2(3) + 1 / math.log2(6), 1 + 1 / math.log2(3) + 1 / 2
    assert found["ndcg_at_10"] == pytest.approx(gained / best)
    assert found["recall_at_20"] == pytest.approx(2 / 3)
    assert found["map_at_10"] == pytest.approx((1 / 2 + 2 / 5) / 2)
    assert found["hit_rate_at_10"] == 1
    assert found["coverage"] == pytest.approx(10 / 30)
    assert found["popularity"] == 0
    assert found["any_recall_at_20"] == pytest.approx(3 / 4)


def test_the_perfect_ranking_is_worth_one() -> None:
    _, data = planted()
    assert measured(data.asked, data)["ndcg_at_10"] == pytest.approx(1)


@pytest.mark.parametrize("name", PEERS)
def test_every_method_finds_who_chooses_among_what(name: str) -> None:
    if "implicit" in PEERS[name].title:
        pytest.importorskip("implicit", reason="needs `make extras`")
    rng = np.random.default_rng(0)
    kind = (np.arange(120)[:, None] % 3) == (np.arange(60) % 3)
    rated = np.where(kind & (rng.random((120, 60)) < 0.7), rng.integers(3, 6, (120, 60)), 0).astype(np.float32)
    train = np.where(rng.random((120, 60)) < 0.8, rated, 0).astype(np.float32)
    settings = {**PEERS[name].combinations()[0]} | ({"ridge": 5} if name.startswith("ease") else {})
    found = measured(PEERS[name].rank(train, 0, **settings), HeldOut(train, rated - train))
    assert found["recall_at_20"] > (0.2 if name == "most-rated" else 0.8)


def test_rows_are_written_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "table.json"
    options = ["--split", "0.9", "--seeds", "0", "--models", "most-rated"]
    arguments = [*options, "--runs", str(tmp_path / "runs"), "--json", str(table)]
    monkeypatch.setattr("sys.argv", ["ranking_table", *arguments])
    main()
    (row,) = json.loads(table.read_text())["rows"]
    assert (row["model"], row["split"], row["seeds"], row["of_earlier_code"]) == ("most-rated", "0.9", [0], False)
    assert 0.12 < row["ndcg_at_10"] < 0.15
    monkeypatch.setattr("benchmarks.ranking_table.runs._measure_peer", None)  # so that nothing is measured again
    main()
    assert json.loads(table.read_text())["rows"] == [row]
