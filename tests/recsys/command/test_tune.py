"""`recsys tune`: a search on validation ratings alone, which goes on where it was stopped."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from recsys.command.recipes import CONFIGS
from recsys.command.tune.search_space import SearchSpace, in_place, read_search_space
from recsys.errors import CommandError
from tests.recsys.command.conftest import Command

pytest.importorskip("optuna")
SEARCH = "model.dimension: {low: 2, high: 9}\noptimizer.lr: {low: 0.005, high: 0.08, log: true}\n"
SHORT = ("tune", "--config", "best-ratings", "--search", "search.yaml", "--trainer.max_epochs", 16, "--trials")


@pytest.mark.slow
def test_a_search_goes_on_and_leaves_the_best_as_a_recipe(recsys: Command) -> None:
    Path("search.yaml").write_text(SEARCH)
    assert "best of 1 trials" in recsys(*SHORT, 1)
    printed = recsys(*SHORT, 3, "--jobs", 2, "--picture", "tuning.png")
    trials = int(re.search(r"best of (\d+) trials", printed)[1])  # type: ignore[index]
    assert trials in (3, 4)  # processes that end together may make one more
    comment, _, text = Path("tuned.yaml").read_text().partition("\n")
    assert re.match(r"# validation RMSE 0\.\d{4} after \d+ epochs, ", comment)
    assert comment.endswith(f"best of {trials} trials of search.yaml, recipe best-ratings.")
    best = yaml.safe_load(text)
    assert 2 <= best["model"]["init_args"]["dimension"] <= 9
    assert Path("tuning.png").read_bytes().startswith(b"\x89PNG")
    assert {path.name for path in Path().iterdir()} >= {"search.yaml", "tuned.yaml", "tuning.png", "tuning.journal"}
    assert not list(Path().glob("artifacts"))

    recsys("fit", "--config", "best-ratings", "--config", "tuned.yaml", "--trainer.max_epochs", 16)
    config = yaml.safe_load(Path("artifacts/latest/config.yaml").read_text())
    assert config["model"]["init_args"]["dimension"] == best["model"]["init_args"]["dimension"]
    assert config["optimizer"]["init_args"]["lr"] == best["optimizer"]["init_args"]["lr"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no options"),
        ("model.dimension: 3", "model.dimension has 3; give a list of values, or a range"),
        ("model.dimension: {low: 3}", "has {'low': 3}"),
        ("model.dimension: {low: 3, high: 2}", "has the ends 3 and 2"),
        ("model.dimension: []", "has an empty list"),
        ("optimizer.lr: {low: 0, high: 1, log: true}", "has the end 0, of which there is no logarithm"),
        ("optimizer.lr: {low: 0, high: 1, lgo: true}", "lgo"),
        ("a: [", "cannot be read"),
        ("model.dimensoin: [2]", "has no argument dimensoin; did you mean dimension"),
    ],
)
def test_what_is_no_search_is_refused_before_the_work(
    recsys: Command, capfd: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    Path("search.yaml").write_text(text)
    with pytest.raises(SystemExit):
        recsys(*SHORT, 1)
    assert said in capfd.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["search.yaml"]


def test_a_search_begins_at_the_recipe_if_that_lies_within() -> None:
    settings = {"model": {"class_path": "A", "init_args": {"dimension": 10, "kind": None}}, "seed_everything": 0}
    assert in_place(settings, "model.dimension") == ["model", "init_args", "dimension"]
    assert in_place(settings, "seed_everything") == ["seed_everything"]
    within = SearchSpace({"model.dimension": {"low": 5, "high": 20}, "model.kind": [None, "b"]})
    assert within.own(settings) == {"model.dimension": 10, "model.kind": "null"}
    assert within.values({"model.dimension": 7, "model.kind": "null"}) == {"model.dimension": 7, "model.kind": None}
    assert SearchSpace({"model.dimension": {"low": 11, "high": 20}}).own(settings) == {}


def test_the_search_of_the_documents_is_one(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "training.md").read_text()
    (text,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "search.yaml").write_text(text)
    assert len(read_search_space(tmp_path / "search.yaml").content) >= 3
    assert (CONFIGS / "best-ratings.yaml").exists()
    with pytest.raises(CommandError, match="cannot be read"):
        read_search_space(tmp_path / "none.yaml")
