"""A new kind of model is a new file and a line in the table of kinds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from recsys import artifact
from recsys.artifact.kinds import KINDS, Kind
from recsys.models import LinearNetwork, RatingModel
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest
from tests.recsys.models.configurations import CONFIGURATIONS
from tests.recsys.small_ratings import SmallRatings, as_artefact, every_pair


class Newcomer(LinearNetwork):
    """A model of a kind that the table does not have."""


def in_a_file(directory: Path, kind: str) -> Path:
    return artifact.save(directory, manifest(kind), arrays(), ITEMS)


def test_the_table_has_every_model_and_no_other() -> None:
    made: Mapping[str, RatingModel] = {name: each.make() for name, each in CONFIGURATIONS.items()}
    assert {type(model).__name__ for model in made.values()} == KINDS.keys()


def test_a_kind_that_the_table_lacks_is_refused_with_those_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(artifact.ArtifactError, match=", ".join(sorted(KINDS))):
        artifact.read_manifest(_written(tmp_path, "Newcomer"))


def test_one_line_in_the_table_makes_a_new_kind_of_model_exported_loaded_and_predicted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "Newcomer", Kind({"matrix": ("users", "items")}))
    assert artifact.load(in_a_file(tmp_path, "Newcomer")).manifest.kind == "Newcomer"
    data = SmallRatings()
    model = Newcomer(30, 24)
    model.known_rows.learn(*data.training_set())
    model.initialise(*data.training_set())
    exported = as_artefact(model, data)
    users, items = every_pair()
    served = exported.predict(users.numpy() * 10 + 7, items.numpy() * 3 + 1).ratings
    assert np.array_equal(served, model.rate(users, items).detach().numpy())


def test_arrays_that_belong_together_are_all_there_or_none() -> None:
    kind = Kind({"matrix": ("users", "items")}, ({"mean": ("one",), "spread": ("one",)},))
    assert kind.expected({"matrix"}).keys() == {"matrix"}
    assert kind.expected({"matrix", "spread"}).keys() == {"matrix", "mean", "spread"}


def _written(tmp_path: Path, kind: str) -> Path:
    (tmp_path / artifact.MANIFEST_FILE).write_bytes(manifest(kind).sealed("", "").to_json())
    return tmp_path
