"""What each part of the posterior mean contributes: python -m benchmarks.best_model.

Every variant learns from the training part of the 90:10 splits with the seeds given, less a tenth, and predicts that
tenth after every few sweeps; test ratings are not looked at. Time is CPU time of one thread, without the predictions.
With `--peers`, myfm learns from the same ratings in the same process (extra `bench`). Curves that are in the file
already are measured anew if settings, sources or versions have changed.
"""

from __future__ import annotations

import argparse
import json
import logging
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from torch import Tensor
from typing_extensions import override

from data.datamodules import MovieLensDataModule, RatingsDataModule
from data.splits import carve_validation
from recsys.features import Feature, ItemSide, UserSide, WhoRatedWhat
from recsys.files import write_atomically
from recsys.models import BayesianEmbedding
from recsys.penalties import RatioPenalty
from recsys.posterior.likelihoods import OrderedProbit
from recsys.posterior.time_windows import TimeWindows
from recsys.results.environment import environment
from recsys.results.fingerprint import code_of, fingerprint
from recsys.results.paths import results_file
from recsys.starts import DampedMeans

PEERS = ("fm", "fm-implicit", "fm-date", "fm-windows")
_EVERY = 10  # sweeps from one point of a curve to the next
_LEARNING_RATE = 0.02


@dataclass(frozen=True)
class Curve:
    """RMSE on the validation part against CPU seconds of one thread, mean over the seeds, after each few sweeps."""

    name: str
    seconds: list[float]
    rmse: list[float]
    rmse_as_served: float | None = None
    """At the end, of predictions that are not told when the ratings were given; None for peers."""
    commit: str | None = None
    fingerprint: str | None = None
    """Settings, sources and versions; see `recsys.results.fingerprint`."""


class _InDirections(WhoRatedWhat):
    """Who rated what in another number of directions."""

    def __init__(self, directions: int) -> None:
        self.directions = directions


def variants() -> dict[str, Callable[[], dict[str, Any]]]:
    """The arguments of the model in each variant; functions, since a model keeps what it is given."""

    def variant(*features: Callable[[], Feature], **others: Any) -> dict[str, Any]:
        settings = {"point_epochs": 5, "item_penalty": RatioPenalty(1.2), "start": DampedMeans(scale=0.3)}
        return {**settings, "features": [feature() for feature in features], **others}

    return {
        "no features": variant,
        "no features, no penalty": partial(variant, item_penalty=None),
        "no features, random start": partial(variant, item_penalty=None, point_epochs=0),
        "no features, 40 epochs of Adam": partial(variant, point_epochs=40),
        "no features, rank 20": partial(variant, dimension=20),
        "who rated what": partial(variant, WhoRatedWhat),
        **{
            f"who rated what, {count} directions": partial(variant, partial(_InDirections, count))
            for count in (25, 100, 200, 1682)  # with the last one, all
        },
        "who rated what, random start": partial(variant, WhoRatedWhat, item_penalty=None, point_epochs=0),
        "who rated what, ordered probit": lambda: variant(WhoRatedWhat, likelihood=OrderedProbit()),
        "users and items": partial(variant, UserSide, ItemSide),
        "time": lambda: variant(time=TimeWindows()),
        "who rated what, users and items": partial(variant, WhoRatedWhat, UserSide, ItemSide),
        "everything": lambda: variant(WhoRatedWhat, UserSide, ItemSide, time=TimeWindows()),
        "everything, ordered probit": lambda: variant(
            WhoRatedWhat, UserSide, ItemSide, time=TimeWindows(), likelihood=OrderedProbit()
        ),
        "everything, rank 20": lambda: variant(WhoRatedWhat, UserSide, ItemSide, time=TimeWindows(), dimension=20),
    }


class _Recorder(pl.Callback):
    """Notes CPU seconds and validation RMSE after every few sweeps that were averaged."""

    def __init__(self, data: MovieLensDataModule) -> None:
        self._data = data
        self.seconds: list[float] = []
        self.rmse: list[float] = []
        self._aside = 0.0

    @override
    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        (self._batch,) = tuple(self._data.val_dataloader()[0])  # behind the seed, from which a loader draws, too
        self._since = time.process_time()  # before that of the model, which decomposes the features

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        model = pl_module
        assert isinstance(model, BayesianEmbedding)
        sweeps = trainer.current_epoch + 1 - model.point_epochs - model.burn_in
        if sweeps < 1 or sweeps % _EVERY:
            return
        before = time.process_time()
        self.seconds.append(before - self._since - self._aside)
        self.rmse.append(self.error(model.rate_known))
        self._aside += time.process_time() - before

    @torch.no_grad()
    def error(self, rate: Callable[[Tensor, Tensor], Tensor]) -> float:
        """RMSE on the validation part of ratings that are predicted from users and items."""
        users, items, ratings = self._batch
        return float((rate(users, items) - ratings).double().square().mean().sqrt())


def fitted(
    data: RatingsDataModule, settings: dict[str, Any], seed: int, sweeps: int, *beside: pl.Callback
) -> BayesianEmbedding:
    """A model that is fitted from a seed, with callbacks beside, to what is not held out for validation."""
    pl.seed_everything(seed, verbose=False)
    model = BayesianEmbedding(data.n_users, data.n_items, **settings)
    optimizer = partial(torch.optim.Adam, lr=_LEARNING_RATE)
    model.configure_optimizers = lambda: optimizer(model.parameters())  # type: ignore[method-assign]  # as LightningCLI
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=model.point_epochs + model.burn_in + sweeps,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=10_000,
        callbacks=list(beside),
    )
    trainer.fit(model, datamodule=data)
    return model


def _fit(settings: Callable[[], dict[str, Any]], sweeps: int, seed: int) -> Curve:
    """The curve of one fit."""
    data = MovieLensDataModule(split="0.9", seed=seed, validation=0.1)
    recorder = _Recorder(data)
    model = fitted(data, settings(), seed, sweeps, recorder)
    return Curve("", recorder.seconds, recorder.rmse, recorder.error(model.rate))


def peer_point(name: str, seed: int) -> Curve:
    """Seconds and RMSE of a peer at its end; it cannot predict in between."""
    from benchmarks.peers import build  # not at the top: the peers' libraries are an extra
    from benchmarks.peers.peer import training_set

    data = MovieLensDataModule(split="0.9", seed=seed, validation=0.1)
    train, held_out = carve_validation(data.ratings, data.split, data.validation, seed)
    peer, known = build(name, seed), training_set(data.ratings, train)
    since = time.process_time()
    peer.fit(known)
    seconds = time.process_time() - since
    predicted = peer.predict(*data.ratings.pairs(held_out)).clip(*data.rating_scale)
    return Curve(name, [seconds], [float(np.sqrt(np.mean((predicted - data.ratings.values[held_out]) ** 2)))])


def mean_curve(name: str, curves: list[Curve]) -> Curve:
    """Mean over seeds, point by point."""
    seconds = [statistics.mean(values) for values in zip(*(curve.seconds for curve in curves), strict=True)]
    rmse = [statistics.mean(values) for values in zip(*(curve.rmse for curve in curves), strict=True)]
    as_served = [curve.rmse_as_served for curve in curves if curve.rmse_as_served is not None]
    return Curve(
        name,
        [round(value, 2) for value in seconds],
        [round(value, 5) for value in rmse],
        round(statistics.mean(as_served), 5) if as_served else None,
    )


def as_markdown(curves: list[Curve]) -> list[str]:
    """The last RMSE of each curve, when it was reached, and when that of each peer was."""
    aims = [curve for curve in curves if curve.name.startswith("myfm")]
    reached = "".join(f" {aim.name}'s RMSE reached |" for aim in aims)
    served = any(curve.rmse_as_served is not None for curve in curves)
    without_time = " as served, without the time |" if served else ""
    lines = [
        f"| model | validation RMSE |{without_time} CPU seconds |{reached}",
        "|---|---|---|" + "---|" * (len(aims) + served),
    ]
    for curve in curves:
        cells = [curve.name, f"{curve.rmse[-1]:.4f}", f"{curve.seconds[-1]:.1f}"]
        if served:
            cells.insert(2, "–" if curve.rmse_as_served is None else f"{curve.rmse_as_served:.4f}")
        for aim in aims:
            first = next((s for s, r in zip(curve.seconds, curve.rmse, strict=True) if r <= aim.rmse[-1]), None)
            cells.append("–" if first is None else f"{first:.1f} s")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Measure what was asked for, print the table, and keep results that are there already."""
    names = list(variants())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--seeds", nargs="+", type=int, default=[100, 101, 102], help="of the splits and the models")
    parser.add_argument("--sweeps", type=int, default=200, help="sweeps that are averaged; a multiple of 10")
    parser.add_argument("--peers", action="store_true", help="measure myfm, too")
    parser.add_argument(
        "--json",
        type=results_file(_is_ablation),
        metavar="FILE",
        help="keep the curves here; those there are not measured again",
    )
    arguments = parser.parse_args()
    if arguments.sweeps < _EVERY:
        parser.error(f"--sweeps must be at least {_EVERY}, not {arguments.sweeps}")

    torch.set_num_threads(1)
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    curves = _measured_before(arguments.json, arguments.seeds, arguments.sweeps)
    for name in (*arguments.variants, *(f"myfm, {peer}" for peer in PEERS if arguments.peers)):
        wanted = _fingerprint(name, arguments.seeds, arguments.sweeps)
        if name in curves and curves[name].fingerprint == wanted:
            continue
        peer = name.removeprefix("myfm, ")
        measure = partial(peer_point, peer) if peer != name else partial(_fit, variants()[name], arguments.sweeps)
        made_by = environment()
        curve = mean_curve(name, [measure(seed) for seed in arguments.seeds])
        curves[name] = replace(curve, commit=str(made_by["commit"]), fingerprint=wanted)
        print(f"{name}: {curve.rmse[-1]:.4f} in {curve.seconds[-1]:.1f} s", file=sys.stderr, flush=True)
        if arguments.json:
            rows = [asdict(curve) for curve in curves.values()]
            content = {**made_by, "seeds": arguments.seeds, "sweeps": arguments.sweeps, "rows": rows}
            write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())
    print("\n".join(as_markdown(list(curves.values()))))


@cache  # a process runs the code that it has loaded, whatever becomes of the files
def _code(*modules: str) -> str:
    return code_of(*modules)


def _fingerprint(name: str, seeds: list[int], sweeps: int) -> str:
    """Of the curve of a variant or a peer, as the present settings and sources would give it."""
    peers = ("benchmarks.peers.fm",) if name not in variants() else ()
    return fingerprint({"name": name, "seeds": seeds, "sweeps": sweeps}, _code("benchmarks.best_model", *peers))


def _is_ablation(content: dict[str, Any]) -> bool:
    return {"seeds", "sweeps"} <= content.keys() and all({"name", "seconds"} <= row.keys() for row in content["rows"])


def _measured_before(file: Path | None, seeds: list[int], sweeps: int) -> dict[str, Curve]:
    """Curves that an earlier run with the same seeds and sweeps has left in the file."""
    if file is None or not file.is_file():
        return {}
    content = json.loads(file.read_text())
    if (content["seeds"], content["sweeps"]) != (seeds, sweeps):
        return {}
    return {row["name"]: Curve(**row) for row in content["rows"]}


if __name__ == "__main__":
    main()
