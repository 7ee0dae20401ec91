"""How well newcomers are predicted from their first ratings: python -m benchmarks.fold_in --json FILE.

A fifth of MovieLens 100K's users are held out of training entirely. Of each, 20 ratings drawn by the seed are given and
the others predicted: after none of the 20, the first one, three, five, ten and all. Users with fewer than 25 ratings,
and items that only those held out have rated, are left out. Compared are, on the same ratings:

- conditional: what the artefact of a model answers, its posterior given the ratings;
- ridge: the regression on item vectors that other models are folded in by;
- user means, user and item means: what the user's ratings lie above the mean of all, or those of the items, is damped
  by five ratings that lie above it by nothing; item means: the artefact's;
- retrained: the same model, fitted to the ratings given as well.

RMSE of predictions that are clipped to the scale, mean over the seeds; and the share of ratings that lie within 1.645
standard deviations of the conditional, which is to be 90 %.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

import recsys
from data.datamodules import MovieLensDataModule
from recsys.artifact import Artifact, Floats, Positions
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file
from serving.answers.fold_in.choice import fold_in
from serving.answers.fold_in.ridge import Ridge
from serving.answers.item_vectors import item_vectors

GIVEN = (0, 1, 3, 5, 10, 20)
MODELS = {"best-ratings": {}, "best-ratings, ordered probit": {"model.likelihood": "OrderedProbit"}}
_SHARE, _LEAST = 0.2, 25  # of the users; ratings of those who are predicted
_NOT_SWEEPS = 15  # epochs of best-ratings that are not averaged
_DAMPING = 5.0  # ratings; as `recsys.starts.DampedMeans` damps users

Errors = dict[str, list[npt.NDArray[np.float64]]]
Predict = Callable[[Positions, Floats], npt.NDArray[Any]]


@dataclass(frozen=True)
class Newcomer:
    """Ratings of a held-out user in the order in which they are given."""

    user: int
    items: Positions
    ratings: Floats


def divided(ratings: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ratings of most users, and those of the users held out in random order."""
    rng = np.random.default_rng(seed)
    ids = ratings["user"].unique()
    held_out = ratings["user"].isin(rng.permutation(np.sort(ids))[: round(_SHARE * ids.size)])
    return ratings[~held_out], ratings[held_out].iloc[rng.permutation(int(held_out.sum()))]


def newcomers(artifact: Artifact, held_out: pd.DataFrame) -> Iterator[Newcomer]:
    """Those with enough ratings of items that the model knows."""
    place = {item: position for position, item in enumerate(artifact.arrays["item_ids"].tolist())}
    known = held_out[held_out["item"].isin(place)]
    for _, own in known.groupby("user"):
        if len(own) >= _LEAST:
            items = own["item"].map(place).to_numpy(np.intp)
            yield Newcomer(int(own["user"].iloc[0]), items, own["rating"].to_numpy(np.float32))


def methods(artifact: Artifact) -> dict[str, Predict]:
    """Everything that predicts all items from a few ratings, and is not trained again."""
    vectors, mean = item_vectors(artifact), artifact.manifest.global_mean
    item_means = mean + artifact.arrays["item_means"].astype(np.float64)
    ridge, conditional = Ridge(artifact, vectors), fold_in(artifact, vectors)

    def user_mean(items: Positions, ratings: Floats) -> npt.NDArray[np.float64]:
        return np.full(item_means.size, mean + (ratings - mean).sum() / (ratings.size + _DAMPING))

    def both_means(items: Positions, ratings: Floats) -> npt.NDArray[np.float64]:
        own: np.float64 = (ratings - item_means[items]).sum() / (ratings.size + _DAMPING)
        return np.add(item_means, own)

    return {
        "conditional": lambda items, ratings: conditional.scores(items, ratings)[0],
        "ridge": lambda items, ratings: ridge.scores(items, ratings)[0],
        "user means": user_mean,
        "user and item means": both_means,
        "item means": lambda items, ratings: item_means,
    }


def folded_in(artifact: Artifact, people: list[Newcomer]) -> dict[int, dict[str, float]]:
    """RMSE of each method after each number of ratings."""
    found: dict[int, dict[str, float]] = {}
    for n in GIVEN:
        found[n] = {}
        for name, predict in methods(artifact).items():
            errors = [
                predict(who.items[:n], who.ratings[:n])[who.items[GIVEN[-1] :]].clip(*artifact.manifest.rating_scale)
                - who.ratings[GIVEN[-1] :]
                for who in people
            ]
            found[n][name] = _rmse(np.concatenate(errors))
        found[n]["within 90 %"] = _covered(artifact, people, n)
    return found


def _covered(artifact: Artifact, people: list[Newcomer], n: int) -> float:
    """Share of the ratings that lie within 1.645 standard deviations of the conditional after n."""
    conditional, inside = fold_in(artifact, item_vectors(artifact)), []
    for who in people:
        given, asked = (who.items[:n], who.ratings[:n]), who.items[GIVEN[-1] :]
        said = conditional.uncertainty(*given, asked)
        assert said is not None
        errors = conditional.scores(*given)[0][asked] - who.ratings[GIVEN[-1] :]
        inside.append(np.abs(errors) <= 1.645 * said.deviations)
    return float(np.concatenate(inside).mean())


def fitted(ratings: pd.DataFrame, seed: int, sweeps: int, options: dict[str, str]) -> Artifact:
    """best-ratings, fitted to all of the ratings."""
    given = {"trainer.max_epochs": sweeps + _NOT_SWEEPS, **options}
    return recsys.fit(ratings, "best-ratings", split="all", seed=seed, scale=(1, 5, 1), options=given)


def retrained(
    train: pd.DataFrame, people: list[Newcomer], ids: npt.NDArray[np.int64], n: int, fit: Callable[..., Artifact]
) -> float:
    """RMSE of a model that is fitted to n ratings of each newcomer as well."""
    more = pd.concat(
        pd.DataFrame({"user": who.user, "item": ids[who.items[:n]], "rating": who.ratings[:n].astype(float)})
        for who in people
    )
    model = fit(pd.concat([train, more]))
    errors = [
        model.predict(np.full(who.items.size - GIVEN[-1], who.user), ids[who.items[GIVEN[-1] :]]).ratings
        - who.ratings[GIVEN[-1] :]
        for who in people
    ]
    return _rmse(np.concatenate(errors))


def measured(ratings: pd.DataFrame, model: str, seed: int, sweeps: int, again: bool) -> dict[int, dict[str, float]]:
    """RMSE after each number of ratings, of everything, for the users that a seed holds out."""
    train, held_out = divided(ratings, seed)

    def fit(known: pd.DataFrame) -> Artifact:
        return fitted(known, seed, sweeps, MODELS[model])

    artifact = fit(train)
    people = list(newcomers(artifact, held_out))
    found = folded_in(artifact, people)
    for n in GIVEN[1:] if again else ():
        found[n]["retrained"] = retrained(train, people, artifact.arrays["item_ids"], n, fit)
        print(f"{model}, seed {seed}, {n} ratings: {found[n]}", file=sys.stderr, flush=True)
    return found


def as_rows(model: str, of_seeds: list[dict[int, dict[str, float]]]) -> list[dict[str, Any]]:
    """One row a number of ratings: the mean RMSE of each method."""
    return [
        {
            "model": model,
            "ratings_given": n,
            **{name: round(statistics.mean(found[n][name] for found in of_seeds), 5) for name in of_seeds[0][n]},
        }
        for n in GIVEN
    ]


def all_ratings() -> pd.DataFrame:
    """MovieLens 100K as a table of original ids."""
    data = MovieLensDataModule(split="0.9", seed=0).ratings
    columns = {"user": np.asarray(data.user_ids)[data.users], "item": np.asarray(data.item_ids)[data.items]}
    return pd.DataFrame({**columns, "rating": data.values.astype(float)})


def as_markdown(rows: list[dict[str, Any]]) -> list[str]:
    """A table of one model's rows, a line for each method."""
    names = dict.fromkeys(name for row in rows for name in row if name not in ("model", "ratings_given"))
    lines = [
        f"| {rows[0]['model']}, RMSE after | {' | '.join(str(row['ratings_given']) for row in rows)} |",
        "|---|" + "---|" * len(rows),
    ]
    for name in names:
        cells = [f"{row[name]:.4f}" if name in row else "" for row in rows]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _rmse(errors: npt.NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(errors, dtype=np.float64))))


def _is_ours(content: dict[str, Any]) -> bool:
    return {"seeds", "sweeps"} <= content.keys() and all("ratings_given" in row for row in content["rows"])


def main() -> None:
    """Measure what was asked for, print the tables, and write them as JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[100, 101, 102], help="of the users and the models")
    parser.add_argument("--sweeps", type=int, default=100, help="sweeps that are averaged (default 100)")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS), metavar="NAME")
    parser.add_argument("--json", type=results_file(_is_ours), metavar="FILE", help="write the rows to this file, too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ratings, rows = all_ratings(), []
    for model in arguments.models:
        again = model == "best-ratings"
        found = [measured(ratings, model, seed, arguments.sweeps, again) for seed in arguments.seeds]
        rows += as_rows(model, found)
        print("\n".join([*as_markdown(rows[-len(GIVEN) :]), ""]), flush=True)
    if arguments.json:
        content = {**environment(), "seeds": arguments.seeds, "sweeps": arguments.sweeps, "rows": rows}
        write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
