"""Results belong to the settings, sources and versions that made them, and those of others are made anew."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from torch import Tensor

from benchmarks import best_model, peers
from benchmarks.best_model import Curve
from benchmarks.rmse_table import runs
from benchmarks.rmse_table.table2 import BY_MODEL
from recsys.command.recipes import CONFIGS
from recsys.results import fingerprint
from recsys.results.fingerprint import code_of, kept, sources
from synthetic.figures import curves, figure4
from synthetic.figures.curves import Setting
from synthetic.problems import Problems
from synthetic.table1 import table
from synthetic.table1.cells import Cell

OURS = "recsys.command.__main__"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project's sources, which is looked at in place of them."""
    for package in fingerprint.PACKAGES:
        shutil.copytree(
            fingerprint.ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "results")
        )
    monkeypatch.setattr(fingerprint, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("figure", "source"),
    [
        (OURS, "recsys/penalties.py"),
        (OURS, "recsys/posterior/sampler.py"),
        (OURS, "data/splits.py"),
        ("synthetic.table1.experiment", "recsys/penalties.py"),
        ("synthetic.table1.experiment", "recsys/linalg/leading.py"),
        ("synthetic.figures.curves", "synthetic/dynamics.py"),
        ("synthetic.figures.comparison", "synthetic/baselines/opt_space.py"),
        ("benchmarks.peers.run", "data/movielens/loading.py"),
        ("benchmarks.peers.networks.nfm", "benchmarks/peers/networks/network.py"),
    ],
)
def test_a_changed_source_is_other_code_and_a_changed_text_is_not(figure: str, source: str, copy: Path) -> None:
    before, file = code_of(figure), copy / source
    file.write_text(f'# A comment.\n{file.read_text()}\n"""A text."""\n')
    assert code_of(figure) == before
    file.write_text(f"{file.read_text()}\nCHANGED = 99\n")
    assert code_of(figure) != before


def test_a_source_that_a_figure_does_not_depend_on_leaves_its_code(copy: Path) -> None:
    before = code_of(OURS)
    for source in ("serving/app.py", "synthetic/dynamics.py", "benchmarks/rmse_table/table.py"):
        (copy / source).write_text("CHANGED = 99\n")
    assert code_of(OURS) == before


def test_every_class_that_a_recipe_names_is_among_the_sources() -> None:
    found = sources(OURS)
    for config in CONFIGS.glob("*.yaml"):
        for path in re.findall(r"class_path: (\S+)", config.read_text()):
            package, _, name = path.rpartition(".")
            if package.split(".")[0] in fingerprint.PACKAGES:
                of_name = [
                    text for module in found if module.startswith(package) if (text := found[module].read_text())
                ]
                assert any(f"class {name}" in text for text in of_name), path


def test_every_peer_is_found_with_its_own_source() -> None:
    assert len({peers.fingerprint_of(name, split) for name in peers.PEERS for split in runs.SPLITS}) == 3 * len(
        peers.PEERS
    )
    with pytest.raises(FileNotFoundError, match=r"there is no module synthetic\.nothing"):
        code_of("synthetic.nothing")


@pytest.mark.parametrize(("library", "changes"), [("torch", True), ("myfm", False)])
def test_another_version_of_a_library_that_computes_is_other_code(
    library: str, changes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, version = code_of(OURS), fingerprint._version
    monkeypatch.setattr(fingerprint, "_version", lambda name: "0.0" if name == library else version(name))
    assert (code_of(OURS) != before) is changes


@pytest.mark.parametrize("content", ["", "{", "[]", '"wanted"', '{"fingerprint": "other"}', '{"rmse": 1.0}'])
def test_what_is_not_whole_or_of_another_fingerprint_is_not_kept(content: str, tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    assert kept(file, "wanted") is None
    file.write_text(content)
    assert kept(file, "wanted") is None
    file.write_text('{"fingerprint": "wanted", "rmse": 1.0}')
    assert kept(file, "wanted") == {"fingerprint": "wanted", "rmse": 1.0}


def test_a_recipe_with_another_strength_is_fitted_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs = shutil.copytree(CONFIGS, tmp_path / "configs")
    monkeypatch.setattr(runs, "CONFIGS", configs)
    fits: list[str] = []

    def fit(model: str, split: str, seed: int, run: Path) -> dict[str, Any]:
        fits.append(run.name)
        return {"test_rmse": float(len(fits))}

    monkeypatch.setattr(runs, "_fit", fit)

    def rmse(split: str = "0.9") -> float:
        (result,) = runs.results(BY_MODEL["lnn-adam-ratio"], split, [0], tmp_path / "runs", lambda: None)
        assert result["commit"] and len(result["fingerprint"]) == 16
        return float(result["test_rmse"])

    assert (rmse(), rmse()) == (1, 1)
    recipe = configs / "lnn-adam-ratio.yaml"
    original = recipe.read_text()
    changed = yaml.safe_load(original)
    changed["model"]["init_args"]["penalty"]["init_args"]["strength"] = 99
    recipe.write_text(yaml.safe_dump(changed))
    assert (rmse(), rmse()) == (2, 2)
    recipe.write_text(f"# The reason.\n{original}")
    assert rmse() == 3  # what stood there was of strength 99
    base = configs / "base.yaml"
    base.write_text(f"{base.read_text()}\nnew_default: 1\n")
    assert rmse() == 4
    assert rmse("0.8") == rmse("u1") - 1 == 5  # of one recipe, in folders of their own


def test_a_result_of_other_sources_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_fit", lambda model, split, seed, run: {"test_rmse": 0.5})
    line, done = BY_MODEL["embedding-gd"], tmp_path / "embedding-gd-0.8-seed3" / "result.json"
    done.parent.mkdir()
    for old in ('{"test_rmse": 0.9}', '{"test_rmse": 0.9, "fingerprint": "0123456789abcdef"}', "{"):
        done.write_text(old)
        (result,) = runs.results(line, "0.8", [3], tmp_path, lambda: None)
        assert result["test_rmse"] == 0.5
        assert json.loads(done.read_text()) == result


def test_cells_curves_and_points_of_other_sources_are_computed_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def train(setting: Setting, seeds: Sequence[int]) -> pd.DataFrame:
        made.append("curve")
        return pd.DataFrame({"sigma_1": [1.0]})

    def complete(problems: Problems, seeds: Sequence[int]) -> Tensor:
        made.append("point")
        return problems.truth

    monkeypatch.setattr(curves, "_train", train)
    monkeypatch.setattr(figure4, "METHODS", {"told the truth": complete})
    setting = Setting("adam", 1, "ratio", (0.0,), 1e-3, 12)

    def everything() -> list[str]:
        made.clear()
        curves.curves(setting, [0], tmp_path)
        figure4.completed("told the truth", 1000, [0], tmp_path)
        return list(made)

    assert everything() == ["curve", "point"]
    assert everything() == []
    for module in (curves, figure4):
        monkeypatch.setattr(module, "_code", lambda: "changed")
    assert everything() == ["curve", "point"]
    cell = Cell("adam", 1, "ratio")
    before = table.fingerprint_of(cell, [0])
    assert before != table.fingerprint_of(cell, [0, 1])
    monkeypatch.setattr(table, "_code", lambda: "changed")
    assert before != table.fingerprint_of(cell, [0])


def test_a_curve_of_the_ablation_is_measured_anew_once_its_sources_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = itertools.count(1.0)
    monkeypatch.setattr(best_model, "_fit", lambda *_: Curve("", [1.0], [next(times)]))
    file = tmp_path / "best_model.json"
    arguments = ["best_model", "--variants", "time", "--seeds", "100", f"--json={file}"]
    monkeypatch.setattr("sys.argv", arguments)
    for code, expected in (("one", 1.0), ("one", 1.0), ("two", 2.0)):
        monkeypatch.setattr(best_model, "_code", lambda *modules, code=code: code)
        best_model.main()
        (row,) = json.loads(file.read_text())["rows"]
        assert row["rmse"] == [expected]
        assert row["commit"] and row["fingerprint"]
