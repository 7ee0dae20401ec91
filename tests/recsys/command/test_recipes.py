"""A run is named after its recipe and split; what it exports predicts the test ratings as well as it reports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from data.movielens import Ratings
from data.splits import make_split
from recsys import artifact
from recsys.command.paper import paper_rmse
from recsys.command.recipes import recipe_names, recipe_of
from tests.recsys.command.conftest import CONFIGS, Command

ORDINAL = ("--model.init_args.likelihood", "recsys.posterior.likelihoods.OrderedProbit")
UNKNOWN_USERS = ("--data.split", "time-0.9")  # most test ratings are of users without training ratings
CASES = [
    *(pytest.param(name, (), id=name) for name in recipe_names()),
    pytest.param("best-all", ORDINAL, id="ordinal"),
    *(pytest.param(name, UNKNOWN_USERS, id=f"{name}, unknown users") for name in ("best-all", "best-ratings")),
]


def rmse_and_mae(predicted: artifact.Predictions, ratings: npt.NDArray[np.float32]) -> list[float]:
    errors = predicted.ratings.astype(np.float64) - ratings
    return [float(np.sqrt(np.mean(errors**2))), float(np.mean(np.abs(errors)))]


@pytest.mark.parametrize(("recipe", "more"), CASES)
def test_an_artefact_predicts_the_test_ratings_as_reported(
    recipe: str, more: tuple[str, ...], recsys: Command, few_ratings: Ratings
) -> None:
    config = CONFIGS / f"{recipe}.yaml"
    short = (
        "--data.validation",
        0,
        "--trainer.max_epochs",
        18,
        "--optimizer.lr",
        0.01,
    )  # rates for more ratings diverge
    printed = recsys("fit", "--config", config, *more, *short)
    (checkpoint,) = Path("checkpoints").glob("*/refit.ckpt")
    recsys("predict", "--config", config, *more, *short, "--ckpt_path", checkpoint)
    table = pd.read_csv("predictions.csv")

    model, data = artifact.load("artifacts/latest"), few_ratings
    metrics = model.manifest.metrics
    test = make_split(data, model.manifest.split, model.manifest.seed).test
    pairs = data.user_ids[data.users[test]], data.item_ids[data.items[test]]
    with_times = rmse_and_mae(model.predict(*pairs, data.require_times()[test]), data.values[test])
    as_served = rmse_and_mae(model.predict(*pairs), data.values[test])
    of_table = model.predict(table["user_id"], table["item_id"], table["timestamp"]), model.predict(*pairs)
    for predictions, column in zip(of_table, ("predicted", "predicted_as_served"), strict=True):
        np.testing.assert_allclose(table[column], predictions.ratings, rtol=0, atol=1e-5)
    assert with_times == pytest.approx([metrics["test_rmse"], metrics["test_mae"]], abs=1e-6)
    assert as_served == pytest.approx([metrics["test_rmse_as_served"], metrics["test_mae_as_served"]], abs=1e-6)
    assert model.uses_times == (with_times != as_served) == ("TimeWindows" in config.read_text())
    assert f"{metrics['test_rmse']:.4f}" in printed
    assert f"{metrics['test_rmse_as_served']:.4f}" in printed
    assert Path("artifacts/latest/metrics.json").read_text().count("_as_served") == (4 if "best" in recipe else 2)
    assert (model.cold_items is not None) == ("ItemSide" in config.read_text())


@pytest.mark.parametrize("more", [(), ORDINAL], ids=["normal", "ordinal"])
def test_a_new_film_is_predicted_as_one_that_nobody_rated_and_that_has_its_features(
    more: tuple[str, ...], recsys: Command, few_ratings: Ratings
) -> None:
    short = ("--data.validation", 0, "--data.split", "0.2", "--trainer.max_epochs", 24)
    recsys("fit", "--config", "best-all", *more, *short)
    model = artifact.load("artifacts/latest")
    users, ids = (np.asarray(each[np.arange(each.size)]) for each in (model.user_ids, model.item_ids))
    films = np.flatnonzero((model.item_counts == 0) & model.item_known)
    assert len(films) > 5
    genres, years = model.items.genres or (), model.items.years or ()
    cold = model.predict_cold_items([{"genres": genres[film], "year": years[film]} for film in films], users)
    known = model.user_known  # others are answered by the average user
    for row, film in enumerate(films):
        pairs = users[known], np.full(np.count_nonzero(known), ids[film])
        said = model.predict(*pairs)
        np.testing.assert_allclose(cold.ratings[row, known], said.ratings, rtol=0, atol=1e-5)
        np.testing.assert_allclose(cold.deviations[row, known], model.predict_deviations(*pairs), rtol=0, atol=1e-5)
        assert np.array_equal(cold.sources[row, known], said.sources)


@pytest.mark.parametrize(
    ("configs", "name"),
    [
        (["a/lnn-adam-ratio.yaml"], "lnn-adam-ratio"),
        ([Path("my.recipe.yml"), Path("for-the-gpu.yaml")], "my.recipe"),
        (["-", None, "mine.yaml"], "mine"),  # from standard input and of a text
        (["-"], "base"),
        ([], "base"),
    ],
)
def test_the_first_file_with_settings_is_the_recipe(configs: list[object], name: str) -> None:
    assert recipe_of(configs) == name


@pytest.mark.usefixtures("few_ratings")
@pytest.mark.parametrize(
    ("arguments", "name", "split", "paper"),
    [
        (("--config", CONFIGS / "lnn-gd.yaml"), "lnn-gd-0.9", "0.9", "  (paper: 2.814)"),
        (("--config", CONFIGS / "lnn-gd.yaml", "--data.split", ".80"), "lnn-gd-0.8", "0.8", "  (paper: 2.797)"),
        (("--config", CONFIGS / "lnn-gd.yaml", "--config", "mine.yaml"), "lnn-gd-kfold-5-1", "kfold-5-1", ""),
        (("--config", "mine.yaml"), "mine-kfold-5-1", "kfold-5-1", ""),
        (("--config", CONFIGS / "lnn-gd.yaml", "--run.name", "wide"), "wide", "0.9", "  (paper: 2.814)"),
        (("--config", "lnn-gd"), "lnn-gd-0.9", "0.9", "  (paper: 2.814)"),
        (("--config=lnn-gd", "--data.split", "u1"), "lnn-gd-u1", "u1", ""),
        ((), "base-0.9", "0.9", ""),
    ],
)
def test_a_run_is_named_after_recipe_and_split_unless_it_is_told(
    recsys: Command, arguments: tuple[object, ...], name: str, split: str, paper: str
) -> None:
    Path("mine.yaml").write_text("data: {split: kfold-5-1}")
    printed = recsys("fit", *arguments, "--data.validation", 0, "--trainer.max_epochs", 1, "--optimizer.lr", 0.01)
    assert f"{name}, split {split}, seed 0\n" in printed
    assert f"{artifact.load('artifacts/latest').manifest.metrics['test_rmse']:.4f}{paper}\n" in printed
    assert artifact.load("artifacts/latest").manifest.recipe == name
    assert Path(f"checkpoints/{name}/refit.ckpt").is_file()
    assert Path(f"logs/{name}/version_0/metrics.csv").is_file()


@pytest.mark.usefixtures("few_ratings")
def test_a_variable_of_the_environment_names_a_recipe_as_the_option_does(
    recsys: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_FIT__CONFIG", "embedding-gd")
    printed = recsys("fit", "--data.validation", 0, "--trainer.max_epochs", 1, "--optimizer.lr", 0.01)
    assert "embedding-gd-0.9, split 0.9, seed 0\n" in printed
    assert artifact.load("artifacts/latest").manifest.kind == "UserItemEmbedding"


def test_the_paper_has_figures_of_one_data_set_and_of_its_own_models() -> None:
    assert paper_rmse("100k", "lnn-adam-ratio", "0.9") == paper_rmse("100k", "lnn-adam-ratio-near-zero", "0.9") == 0.915
    for unknown in (("1m", "lnn-adam-ratio", "0.9"), ("100k", "best-all", "0.9"), ("100k", "lnn-adam-ratio", "u1")):
        assert paper_rmse(*unknown) is None
