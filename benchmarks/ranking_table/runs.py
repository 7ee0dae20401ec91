"""Measure one model on one split and seed; what was measured before with the same sources is read back."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np

import recsys
from benchmarks.ranking_table.held_out import Floats, HeldOut, movielens, test_part, validation_part
from benchmarks.ranking_table.metrics import measured, ndcg_at_10
from benchmarks.ranking_table.peers import PEERS, Settings
from recsys.artifact import ORDERS, Order, item_scores
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.fingerprint import code_of, fingerprint, kept

RECIPE = "best-ratings"
OURS: dict[str, Order] = {f"{RECIPE}-by-{order}": order for order in ORDERS}
"""Names of the orders of our recommendations."""
_TUNED_ON = (100, 101, 102)  # seeds of splits, whose validation ratings settings are chosen by

Result = dict[str, Any]


def results(model: str, split: str, seeds: list[int], folder: Path) -> list[Result]:
    """The metrics for each seed, in order, with the settings; they are kept in `folder`."""
    files = {seed: folder / f"{split}-seed{seed}" / f"{model}.json" for seed in seeds}
    wanted = current_fingerprint(model)
    for seed, file in files.items():
        if kept(file, wanted) is None:
            measure = _measure_ours if model in OURS else _measure_peer
            for name, result in measure(model, split, seed, folder).items():
                file.parent.mkdir(parents=True, exist_ok=True)
                content = {**result, **environment(), "fingerprint": current_fingerprint(name)}
                write_atomically(file.with_stem(name), json.dumps(content, indent=2).encode())
    return [json.loads(file.read_bytes()) for file in files.values()]


def current_fingerprint(model: str) -> str:
    """Of a result that the present settings and sources would give, whatever the split and seed."""
    code = code_of("benchmarks.ranking_table.metrics", "benchmarks.ranking_table.held_out", "recsys.fitting")
    return (
        fingerprint(model, code) if model in OURS else fingerprint([model, repr(PEERS[model].tried)], _code_of_peers())
    )


def _code_of_peers() -> str:
    return code_of("benchmarks.ranking_table.metrics", "benchmarks.ranking_table.peers")


def _measure_ours(model: str, split: str, seed: int, folder: Path) -> dict[str, Result]:
    """Both orders, for one fit."""
    fitted = recsys.fit("100k", RECIPE, split=split, seed=seed)
    data = test_part(split, seed)
    assert fitted.item_ids.size == movielens().item_ids.size
    scores = {name: np.empty(data.train.shape, np.float32) for name in OURS}
    for user in range(len(data.train)):
        (ratings,), _ = item_scores(fitted, (np.array([user]), np.array([True])))
        assert fitted.relevance is not None
        relevance = fitted.relevance.relevance(fitted.relevance.choices(*fitted.rated_by(user)), ratings)
        for name, order in OURS.items():
            scores[name][user] = ratings if order == "rating" else relevance
    return {name: {**measured(each, data), "settings": {}} for name, each in scores.items()}


def _measure_peer(model: str, split: str, seed: int, folder: Path) -> dict[str, Result]:
    settings = _tuned(model, split, folder)
    data = test_part(split, seed)
    scores = PEERS[model].rank(data.train, seed, **settings)
    return {model: {**measured(scores, data), "settings": dict(settings)}}


def _tuned(model: str, split: str, folder: Path) -> Settings:
    """The settings with the best NDCG@10 of liked validation ratings, mean over seeds that are not tested on."""
    combinations = PEERS[model].combinations()
    if len(combinations) == 1:
        return combinations[0]
    file, wanted = folder / f"{split}-tuned" / f"{model}.json", current_fingerprint(model)
    found = kept(file, wanted)
    if found is None:
        seeds = _TUNED_ON[:1] if split.startswith("time") else _TUNED_ON  # there the seed divides nothing
        parts = {seed: validation_part(split, seed) for seed in seeds}
        tried = [_of_validation(model, settings, parts) for settings in combinations]
        best = combinations[int(np.argmax(tried))]
        found = {
            "settings": dict(best),
            "tried": [[dict(each), value] for each, value in zip(combinations, tried, strict=True)],
        }
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps({**found, "fingerprint": wanted}, indent=2).encode())
    settings: Settings = found["settings"]
    return settings


def _of_validation(model: str, settings: Settings, parts: dict[int, HeldOut]) -> float:
    def of(seed: int, data: HeldOut) -> float:
        scores: Floats = PEERS[model].rank(data.train, seed, **settings)
        return ndcg_at_10(scores, data)

    return statistics.mean(of(seed, data) for seed, data in parts.items())
