"""How well users with few or no ratings are predicted, beside their damped means: python -m benchmarks.cold_start.

Ratings are held out of the training part of 100k's splits in two ways; test ratings are not looked at.

- `time`: of the older part of time-0.9, the oldest half, 60 %, … 90 % are for training, and the 9,000 that follow are
  predicted. Most of them are of users who were not there before.
- `users`: of the training parts of 0.9 with the seeds 100, 101, 102, 160 users keep their first 0, 1, 2, 3, 5, 8, 13 or
  20 ratings, and the rest of theirs is predicted.
"""

from __future__ import annotations

import argparse
import logging
import math
import warnings
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from typing_extensions import override

from benchmarks.best_model import fitted, variants
from data.datamodules import MovieLensDataModule
from recsys.starts import DampedMeans

Rows = npt.NDArray[np.integer[Any]]
Errors = dict[str, npt.NDArray[np.float64]]
VARIANTS = ("no features", "who rated what", "users and items", "everything")
_COUNTS = ((0, 0), (1, 2), (3, 5), (6, 10), (11, 20), (21, 10_000))  # least and most training ratings of a user
_KEPT = (0, 1, 2, 3, 5, 8, 13, 20)  # ratings of users held out
_HELD_OUT_USERS = 160  # as many for each number kept; a sixth of all
_PREDICTED = 9_000  # ratings after those to learn from; a time split's validation part has as many


class HeldOut(MovieLensDataModule):
    """The training part of a split, divided by a function of all of its rows, oldest first."""

    def __init__(self, split: str, seed: int, divide: Callable[[HeldOut, Rows], tuple[Rows, Rows]]) -> None:
        super().__init__(split=split, seed=seed, validation=0.1)
        self._divide = divide

    @cached_property
    @override
    def _parts(self) -> tuple[Rows, Rows]:
        rows = self.split.train
        oldest_first = rows[np.argsort(self.ratings.require_times()[rows], kind="stable")]
        train, held_out = self._divide(self, oldest_first)
        return np.sort(train), np.sort(held_out)


def by_time(share: float, data: HeldOut, rows: Rows) -> tuple[Rows, Rows]:
    """The oldest rows, and those that follow."""
    end = round(rows.size * share)
    return rows[:end], rows[end : end + _PREDICTED]


def by_user(data: HeldOut, rows: Rows) -> tuple[Rows, Rows]:
    """All rows of most users and the first of the others, and the rest of these."""
    chosen = np.random.default_rng(data.seed).permutation(data.n_users)[:_HELD_OUT_USERS]
    limit = np.full(data.n_users, rows.size)
    limit[chosen] = np.resize(_KEPT, chosen.size)
    users = data.ratings.users[rows]
    by_user = np.argsort(users, kind="stable")
    place = np.empty(rows.size, np.int64)  # of a rating among its user's, oldest first
    place[by_user] = np.arange(rows.size) - np.searchsorted(users[by_user], users[by_user])
    kept = place < limit[users]
    return rows[kept], rows[~kept]


def parts(kind: str) -> Iterator[HeldOut]:
    """All data sets of a kind, `time` or `users`."""
    if kind == "time":
        for share in (0.5, 0.6, 0.7, 0.8, 0.9):
            yield HeldOut("time-0.9", 0, partial(by_time, share))
    else:
        for seed in (100, 101, 102):
            yield HeldOut("0.9", seed, by_user)


def errors(data: HeldOut, settings: dict[str, Any], sweeps: int) -> Errors:
    """Errors of a model and of damped means (n,), and the training ratings that the users and items have."""
    model = fitted(data, settings, 0, sweeps)
    known_users, known_items, known_ratings = data.training_set()
    means = DampedMeans().effects(known_users, known_items, known_ratings, data.n_users, data.n_items)
    ((users, items, ratings),) = data.val_dataloader()[0]
    with torch.no_grad():
        predicted = model.rate_known(users, items)
    damped = (means.mean + means.users[users] + means.items[items]).clamp(*data.rating_scale)
    return {
        "model": (predicted - ratings).double().numpy(),
        "means": (damped - ratings).double().numpy(),
        "of_user": torch.bincount(known_users, minlength=data.n_users)[users].numpy(),
        "of_item": torch.bincount(known_items, minlength=data.n_items)[items].numpy(),
    }


def row(name: str, found: Errors) -> str:
    """RMSE of the model and, in brackets, of damped means: of all, by the user's ratings, and of items without any."""
    chosen = [np.ones(found["model"].size, np.bool_)]
    chosen += [(found["of_user"] >= least) & (found["of_user"] <= most) for least, most in _COUNTS]
    chosen.append(found["of_item"] == 0)
    cells = [f"{_rmse(found['model'][those])} ({_rmse(found['means'][those])})" for those in chosen]
    return f"| {name} | {' | '.join(cells)} |"


def _rmse(error: npt.NDArray[np.float64]) -> str:
    return f"{math.sqrt(np.square(error).mean()):.4f}" if error.size else "–"


def main() -> None:
    """Measure what was asked for and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS), metavar="NAME")
    parser.add_argument("--kinds", nargs="+", choices=("time", "users"), default=["time", "users"])
    parser.add_argument("--sweeps", type=int, default=100, help="sweeps that are averaged")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", ".*LeafSpec")  # Lightning's own use of a deprecated torch name
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    columns = [f"{least} to {most}" for least, most in _COUNTS[1:-1]]
    print(f"| held out, model | all | none | {' | '.join(columns)} | more | items without any |")
    print("|---|" + "---|" * (len(_COUNTS) + 2))
    for kind in arguments.kinds:
        for name in arguments.variants:
            found = [errors(data, variants()[name](), arguments.sweeps) for data in parts(kind)]
            together = {what: np.concatenate([each[what] for each in found]) for what in found[0]}
            print(row(f"{kind}, {name}", together), flush=True)


if __name__ == "__main__":
    main()
