"""What the posterior by factors loses against exact averages: python -m benchmarks.factored_posterior.

Models as `best-ratings` and `best-all` are fitted, and beside the factors the exact mean and variance over all draws
are kept of the validation ratings, by Welford's recurrence. Printed are RMSE and coverage by the exact averages, and by
how much those by the factors differ, for several ranks of the mean; then the RMSE of predictions without the ratings'
times for several ranks of the weights of `UnknownTime`.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from typing import Any
from unittest.mock import patch

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from typing_extensions import override

from benchmarks.best_model import fitted, variants
from data.datamodules import MovieLensDataModule
from recsys.artifact.latent.factored import FactoredPosterior
from recsys.models import BayesianEmbedding
from recsys.posterior import factored_mean, unknown_time
from recsys.posterior.coverage import Coverage

_MODELS = ("who rated what", "who rated what, ordered probit", "everything")
_ALL = 1 << 30  # factors: the weights themselves


class _Exact(pl.Callback):
    """Mean and variance (n,) of the asked pairs (n,) over all draws that are averaged."""

    def __init__(self, users: Tensor, items: Tensor) -> None:
        self.users, self.items = users, items
        self.draws, self.mean, self.spread = 0, torch.zeros(len(users)), torch.zeros(len(users))

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, BayesianEmbedding)
        posterior = pl_module.posterior
        assert posterior is not None
        average = posterior.average

        def also_exactly(left: Tensor, right: Tensor, noise: Tensor, thresholds: Tensor) -> float:
            self.draws += 1
            drawn = (left[self.users] * right[self.items]).sum(1)
            before = drawn - self.mean
            self.mean += before / self.draws
            self.spread += before * (drawn - self.mean)
            return average(left, right, noise, thresholds)

        posterior.average = also_exactly  # type: ignore[method-assign]  # of this one


def held_out(seed: int) -> MovieLensDataModule:
    """MovieLens 100K with validation ratings."""
    return MovieLensDataModule(split="0.9", seed=seed, validation=0.1)


def of_averages(settings: dict[str, Any], sweeps: int, seed: int) -> list[float]:
    """RMSE and coverages by the exact averages, then those by the factors, of one fit."""
    data = held_out(seed)
    ((users, items, ratings),) = tuple(data.val_dataloader()[0])
    exact = _Exact(users, items)
    model = fitted(data, settings, seed, sweeps, exact)
    posterior = model.posterior
    assert posterior is not None
    by_factors = model.predictive(users, items)
    factored, pairs = FactoredPosterior(model.arrays()), (users.numpy(), items.numpy())
    mean_of_time = by_factors[0] - torch.from_numpy(factored.location(*pairs))
    variance_of_time = by_factors[1].square() - torch.from_numpy(factored.variance(*pairs))
    left_open = (posterior.user_open[users] * posterior.item_open[items]).sum(1)
    variance = exact.spread / exact.draws + left_open + posterior.noise[users] + variance_of_time
    known = model.known_rows.known(users, items)
    numbers = []
    for location, deviation in ((exact.mean + mean_of_time, variance.sqrt()), by_factors):
        expected = model.likelihood.expected(location, deviation, posterior.thresholds)
        rated = model.known_rows.or_means(expected, users, items).clamp(*data.rating_scale)
        coverage = Coverage(model.share)
        coverage.update(location[known], deviation[known], ratings[known], posterior)
        numbers += [float((rated - ratings).double().square().mean().sqrt()), *coverage.by_interval().values()]
    return numbers


def as_served(sweeps: int, seed: int) -> float:
    """RMSE of predictions without the ratings' times, of one fit of everything."""
    data = held_out(seed)
    ((users, items, ratings),) = tuple(data.val_dataloader()[0])
    rated = fitted(data, variants()["everything"](), seed, sweeps).rate(users, items)
    return float((rated - ratings).double().square().mean().sqrt())


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(variants()), default=list(_MODELS), metavar="NAME")
    parser.add_argument("--ranks", nargs="+", type=int, default=[16, 32, 64], help="of the mean")
    parser.add_argument("--time-ranks", nargs="+", type=int, default=[32, 64, 128], help="of the weights of times")
    parser.add_argument("--seeds", nargs="+", type=int, default=[100, 101, 102], help="of the splits and the models")
    parser.add_argument("--sweeps", type=int, default=385, help="sweeps that are averaged")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", ".*LeafSpec")  # Lightning's own use of a deprecated torch name
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    print("| model | rank | RMSE, exact | by factors | coverage of 50 % and 90 %, exact | by factors |")
    print("|---|---|---|---|---|---|")
    for name in arguments.models:
        for rank in arguments.ranks:
            with patch.object(factored_mean, "RANK", rank):
                found = [of_averages(variants()[name](), arguments.sweeps, seed) for seed in arguments.seeds]
            exact, half, most, by_factors, half_by, most_by = np.mean(found, 0)
            print(
                f"| {name} | {rank} | {exact:.5f} | {by_factors - exact:+.5f} | {half:.2%} and {most:.2%} | "
                f"{100 * (half_by - half):+.2f} and {100 * (most_by - most):+.2f} points |",
                flush=True,
            )
    print("\n| rank of the weights | RMSE without times |")
    print("|---|---|")
    for rank in (_ALL, *arguments.time_ranks):
        with patch.object(unknown_time, "RANK", rank):
            rmse = np.mean([as_served(arguments.sweeps, seed) for seed in arguments.seeds])
        print(f"| {'all' if rank == _ALL else rank} | {rmse:.5f} |", flush=True)


if __name__ == "__main__":
    main()
