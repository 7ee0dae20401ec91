"""How well newcomers are served after their first ratings: python -m benchmarks.fold_in --json FILE.

A fifth of MovieLens 100K's users are held out of training entirely. Of each, 20 ratings drawn by the seed are given and
the others predicted: after none of the 20, the first one, three, five, ten and all. Users with fewer than 25 ratings,
and items that only those held out have rated, are left out.

RMSE of predictions that are clipped to the scale, mean over the seeds, of

- conditional: what the artefact of a model answers, its posterior given the ratings;
- ridge: the regression on item vectors that other models are folded in by;
- user means, user and item means: what the user's ratings lie above the mean of all, or those of the items, is damped
  by five ratings that lie above it by nothing; item means: the artefact's;
- retrained: the same model, fitted to the ratings given as well;

and the share of ratings that lie within 1.645 standard deviations of the conditional, which is to be 90 %.

NDCG@10 of all items but the 20, of which those with four stars or more among the others are relevant, of our relevance,
folded in and retrained, the most rated items, and methods that fold in without training: EASE^R, by a row times its
weights, and implicit's iALS, by recalculate_user. They need `make extras`.

And the RMSE of half of the ratings after five answers to what `/v1/fold-in/next` proposes, against the most rated films
and films at random, see `benchmarks.fold_in.asked`.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import pandas as pd
import torch

from benchmarks.fold_in import ranked, rated
from benchmarks.fold_in.asked import asked
from benchmarks.fold_in.newcomers import GIVEN, MODELS, all_ratings, divided, fitted, newcomers, with_first
from benchmarks.fold_in.table import as_markdown, as_rows, asked_as_markdown, asked_rows
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.paths import results_file

_WHOLE = "best-ratings"  # of which everything is measured; of the others, how well ratings are predicted

ByNumber = dict[int, dict[str, float]]


def measured(
    ratings: pd.DataFrame, model: str, seed: int, sweeps: int
) -> tuple[ByNumber, ByNumber, dict[str, dict[str, float]]]:
    """RMSE and NDCG@10 after each number of ratings, and what questions lead to, for users that a seed holds out."""
    train, held_out = divided(ratings, seed)
    artifact = fitted(train, seed, sweeps, MODELS[model])
    people = list(newcomers(artifact, held_out))
    errors = rated.folded_in(artifact, people)
    if model != _WHOLE:
        return errors, {}, {}
    rankings = ranked.ranked(artifact, people, train, seed)
    for n in GIVEN[1:]:
        ids = artifact.arrays["item_ids"]
        again = fitted(with_first(train, people, ids, n), seed, sweeps, MODELS[model])
        errors[n]["retrained"] = rated.retrained(again, people, ids)
        rankings[n]["by relevance, retrained"] = ranked.retrained(again, artifact, people)
        print(f"{model}, seed {seed}, {n} ratings: {errors[n]}, {rankings[n]}", file=sys.stderr, flush=True)
    return errors, rankings, asked(artifact, people, seed)


def _is_ours(content: dict[str, Any]) -> bool:
    return {"seeds", "sweeps"} <= content.keys() and all("ratings_given" in row for row in content["rows"])


def main() -> None:
    """Measure what was asked for, print the tables, and write them as JSON if asked to."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fold_in",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[100, 101, 102], help="of the users and the models")
    parser.add_argument("--sweeps", type=int, default=100, help="sweeps that are averaged (default 100)")
    parser.add_argument("--models", nargs="+", choices=list(MODELS), default=list(MODELS), metavar="NAME")
    parser.add_argument("--json", type=results_file(_is_ours), metavar="FILE", help="write the rows to this file, too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ratings = all_ratings()
    content: dict[str, Any] = {"rows": [], "ranked": [], "asked": []}
    for model in arguments.models:
        found = [measured(ratings, model, seed, arguments.sweeps) for seed in arguments.seeds]
        of_ratings, rankings, questions = map(list, zip(*found, strict=True))
        content["rows"] += (errors := as_rows(model, of_ratings))
        print("\n".join([*as_markdown(errors, "RMSE"), ""]), flush=True)
        if model == _WHOLE:
            content["ranked"] = as_rows(model, rankings)
            content["asked"] = asked_rows(model, questions)
            tables = as_markdown(content["ranked"], "NDCG@10"), asked_as_markdown(content["asked"])
            print("\n".join(line for table in tables for line in [*table, ""]), flush=True)
    if arguments.json:
        made_by = {**environment(), "seeds": arguments.seeds, "sweeps": arguments.sweeps}
        write_atomically(arguments.json, (json.dumps(made_by | content, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
