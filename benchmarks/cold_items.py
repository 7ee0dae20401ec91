"""How well films that training did not see are rated by their features: python -m benchmarks.cold_items --json FILE.

A fifth of MovieLens 100K's films are held out of training entirely, with all of their ratings. `best-ratings` is fitted
to the others with the genres and years of films, beside who rated what or instead of it, and predicts the ratings held
out from the genres and years of their films alone, as `/v1/cold-items` does.

RMSE, mean over the seeds, of each rating, most of which are of popular films, and of each film, with all of a film's
ratings counting as much as another's; of

- by features: what the model answers for the users who gave the ratings;
- average user: what it answers without users;
- unknown item: what it answers for an item of which nothing is known, the user's mean and that of items with few
  ratings;
- user means: of the user's ratings, damped by five of the mean of all; mean of all;

and the share of ratings within 1.645 standard deviations of the answer by features, which is to be 90 %.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

import recsys
from benchmarks.fold_in.newcomers import all_ratings
from data.datamodules import MovieLensDataModule
from recsys.artifact import Artifact, positions
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file

Numbers = npt.NDArray[np.float64]
Found = dict[str, dict[str, float]]  # by what counts, and by the way to predict
MODELS = {"genres and years": ("ItemSide",), "who rated what, genres and years": ("WhoRatedWhat", "ItemSide")}
_SHARE = 0.2  # of the films
_NOT_SWEEPS = 15  # epochs of best-ratings that are not averaged
_DAMPING = 5.0  # ratings; as `recsys.starts.DampedMeans` damps users


def item_table() -> pd.DataFrame:
    """Genres and years of MovieLens 100K's films, by id."""
    ratings = MovieLensDataModule(split="0.9", seed=0).ratings
    return ratings.item_table[["genres", "year"]].set_axis(np.asarray(ratings.item_ids), axis=0)


def divided(ratings: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ratings of most films, and those of the films held out by users who rated others, too."""
    ids = np.sort(ratings["item"].unique())
    held_out = ratings["item"].isin(np.random.default_rng(seed).permutation(ids)[: round(_SHARE * ids.size)])
    train, test = ratings[~held_out], ratings[held_out]
    return train, test[test["user"].isin(train["user"])]


def fitted(train: pd.DataFrame, table: pd.DataFrame, model: str, seed: int, sweeps: int) -> Artifact:
    """best-ratings with features of films, fitted to all of the ratings."""
    items = table.loc[np.sort(train["item"].unique())].rename_axis("item").reset_index()
    features = [{"class_path": f"recsys.features.{name}"} for name in MODELS[model]]
    options: dict[str, Any] = {"trainer.max_epochs": sweeps + _NOT_SWEEPS, "model.features": features}
    return recsys.fit(train, "best-ratings", items=items, split="all", seed=seed, scale=(1, 5, 1), options=options)


def measured(model: Artifact, test: pd.DataFrame, table: pd.DataFrame) -> Found:
    """RMSE of each way to predict the ratings of films that a model does not know, and the share near the first."""
    films, film = np.unique(test["item"], return_inverse=True)
    described = table.loc[films]
    features = [
        {"genres": genres, "year": None if pd.isna(year) else year}
        for genres, year in zip(described["genres"], described["year"], strict=True)
    ]
    ids = model.user_ids[np.arange(model.user_ids.size)]
    user, _ = positions(model.user_ids, test["user"].tolist())
    said, average = model.predict_cold_items(features, ids), model.predict_cold_items(features)
    ratings, mean = test["rating"].to_numpy(), model.manifest.global_mean
    users, given = model.arrays["rating_users"], model.arrays["rating_values"]
    means = mean + np.bincount(users, given - mean) / (np.bincount(users) + _DAMPING)
    predicted = {
        "by features": said.ratings[film, user],
        "average user": average.ratings[film, 0],
        "unknown item": model.predict(test["user"].to_numpy(), test["item"].to_numpy()).ratings,
        "user means": means[user],
        "mean of all": np.full(ratings.size, mean),
    }
    squares = {name: (each - ratings) ** 2 for name, each in predicted.items()}
    inside = squares["by features"] <= (1.645 * said.deviations[film, user]) ** 2
    return {
        "each rating": _averaged(squares, inside, np.ones(ratings.size)),
        "each film": _averaged(squares, inside, 1 / np.bincount(film)[film]),
    }


def _averaged(squares: dict[str, Numbers], inside: npt.NDArray[np.bool_], weights: Numbers) -> dict[str, float]:
    found = {name: float(np.average(each, weights=weights) ** 0.5) for name, each in squares.items()}
    return {**found, "within 90 %": float(np.average(inside, weights=weights))}


def rows(model: str, of_seeds: list[Found]) -> list[dict[str, Any]]:
    """One row a way to count: the mean over the seeds of each number."""
    return [
        {
            "model": model,
            "counts": counts,
            **{name: round(statistics.mean(found[counts][name] for found in of_seeds), 5) for name in numbers},
        }
        for counts, numbers in of_seeds[0].items()
    ]


def as_markdown(measured: list[dict[str, Any]]) -> list[str]:
    """A table, a line for each row."""
    names = [name for name in measured[0] if name not in ("model", "counts")]
    return [
        f"| best-ratings with | RMSE of | {' | '.join(names)} |",
        "|---|---|" + "---|" * len(names),
        *(
            f"| {row['model']} | {row['counts']} | {' | '.join(f'{row[name]:.4f}' for name in names)} |"
            for row in measured
        ),
    ]


def _is_ours(content: dict[str, Any]) -> bool:
    return all("by features" in row for row in content["rows"])


def main() -> None:
    """Measure what was asked for, print the table, and write it as JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cold_items",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[100, 101, 102], help="of the films and the models")
    parser.add_argument("--sweeps", type=int, default=100, help="sweeps that are averaged (default 100)")
    parser.add_argument("--json", type=results_file(_is_ours), metavar="FILE", help="write the rows to this file, too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ratings, table = all_ratings(), item_table()
    found: list[dict[str, Any]] = []
    for model in MODELS:
        of_seeds = []
        for seed in arguments.seeds:
            train, test = divided(ratings, seed)
            of_seeds.append(measured(fitted(train, table, model, seed, arguments.sweeps), test, table))
            print(f"{model}, seed {seed}: {of_seeds[-1]}", file=sys.stderr, flush=True)
        found += rows(model, of_seeds)
    print("\n".join(as_markdown(found)))
    if arguments.json:
        made_by = {**environment(), "seeds": arguments.seeds, "sweeps": arguments.sweeps}
        write_atomically(arguments.json, (json.dumps(made_by | {"rows": found}, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
