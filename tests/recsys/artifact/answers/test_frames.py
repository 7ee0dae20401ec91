"""Predictions of tables in memory, and artefacts saved from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from data.errors import ColumnError
from recsys import artifact
from recsys.artifact import Artifact, ArtifactError
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest, with_text_ids

FIXTURES = Path(__file__).parents[2] / "fixtures"
USERS, ITEM_ROWS = [3, 3, 7, 99], [10, 11, 10, 11]
TABLES: dict[str, Any] = {
    "pandas": pd.DataFrame({"user_id": USERS, "movieId": ITEM_ROWS, "rating": 1.0}),
    "pandas that knows missing values": pd.DataFrame({"user": USERS, "item": ITEM_ROWS}, dtype="Int64"),
    "pandas of objects": pd.DataFrame({"user": USERS, "item": ITEM_ROWS}, dtype=object),
    "arrow": pa.table({"uid": USERS, "product": ITEM_ROWS}),
    "a dict": {"user": USERS, "item": ITEM_ROWS},
    "numpy": np.array(list(zip(USERS, ITEM_ROWS, strict=True)), [("user", np.int64), ("item", np.int64)]),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_predicted_like_its_columns(name: str) -> None:
    model = Artifact(manifest(), arrays(), ITEMS)
    found, expected = model.predict(TABLES[name]), model.predict(USERS, ITEM_ROWS)
    assert found.ratings.tolist() == expected.ratings.tolist()
    assert found.sources.tolist() == expected.sources.tolist()


@pytest.mark.parametrize("library", [pd.DataFrame, pa.table, dict])
def test_tables_of_text_ids(library: Any) -> None:
    model = Artifact(manifest(), with_text_ids(arrays(), ["", "007", "a,b"], ["x", "ü"]), ITEMS)
    users, items = ["007", "a,b", "nobody"], ["ü", "x", "x"]
    found = model.predict(library({"user": users, "item": items}))
    assert found.ratings.tolist() == model.predict(users, items).ratings.tolist()
    assert found.ratings.tolist() != model.predict(users, items[::-1]).ratings.tolist()


def test_times_of_a_table_count_for_a_model_that_uses_them() -> None:
    model = artifact.load(FIXTURES / "bayesian_embedding" / "artefact")
    users, items = model.user_ids[:3].tolist(), model.item_ids[:3].tolist()
    seconds = [880_000_000, 880_040_035, 900_000_000]
    expected = model.predict(users, items, seconds).ratings
    assert (expected != model.predict(users, items).ratings).any()
    table = pd.DataFrame({"user": users, "item": items, "timestamp": seconds})
    dates = table.assign(timestamp=pd.to_datetime(table["timestamp"], unit="s"))
    for each in (table, dates):
        assert model.predict(each).ratings.tolist() == expected.tolist()
    without_one = dates.assign(timestamp=dates["timestamp"].where(np.array([True, False, True])))
    assert (
        model.predict(without_one).ratings.tolist()
        == model.predict(users, items, [seconds[0], -1, seconds[2]])[0].tolist()
    )
    deviations = model.predict_deviations(table)
    assert (deviations > 0).all()
    assert np.isnan(model.predict_deviations([10**6], [items[0]])).all()
    assert np.isnan(Artifact(manifest(), arrays(), ITEMS).predict_deviations([3], [10])).all()


def test_a_table_without_the_columns_is_refused_with_its_columns() -> None:
    model = Artifact(manifest(), arrays(), ITEMS)
    with pytest.raises(
        ColumnError, match=r"no column that is known for item; its columns are user, thing\. Name it item"
    ):
        model.predict(pd.DataFrame({"user": [3], "thing": [10]}))
    with pytest.raises(ColumnError, match=r"several columns for user: user, User\. Say which user"):
        model.predict(pd.DataFrame({"user": [3], "User": [3], "item": [10]}))
    with pytest.raises(TypeError, match="a table with columns by name"):
        model.predict([3])
    with pytest.raises(ValueError, match="2 user ids and 1 item ids"):
        model.predict([3, 7], [10])


def test_a_saved_artefact_is_the_same_one(tmp_path: Path) -> None:
    for name in ("linear_network", "bayesian_embedding"):
        model = artifact.load(FIXTURES / name / "artefact")  # of an older format
        saved = artifact.load(model.save(tmp_path / "models" / name))
        assert saved.manifest.format == artifact.read_manifest(tmp_path / "models" / name).format
        assert saved.items == model.items
        assert {each: array.tobytes() for each, array in saved.arrays.items()} == {
            each: array.tobytes() for each, array in model.arrays.items()
        }
        again = artifact.load(saved.save(f"{tmp_path}/again-{name}"))
        assert again.manifest == saved.manifest
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == ["bayesian_embedding", "linear_network"]


def test_an_artefact_is_replaced_by_saving(tmp_path: Path) -> None:
    older, newer = (Artifact(manifest(), arrays(seed), ITEMS) for seed in (1, 2))
    for model in (older, newer):
        model.save(tmp_path / "model")
        assert np.array_equal(artifact.load(tmp_path / "model").arrays["matrix"], model.arrays["matrix"])
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_nothing_else_is_replaced_by_saving(tmp_path: Path) -> None:
    model = Artifact(manifest(), arrays(), ITEMS)
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "full", "link"):
        with pytest.raises(ArtifactError, match=f"{name} exists, and is no artefact. Remove it, or save"):
            model.save(tmp_path / name)
    (tmp_path / "empty").mkdir()
    assert artifact.load(model.save(tmp_path / "empty")).manifest.recipe == "test"
    assert {path.name for path in tmp_path.iterdir()} == {"file", "full", "link", "empty"}
