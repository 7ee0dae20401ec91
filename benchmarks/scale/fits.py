"""One fit of generated ratings, in a process of its own: python -m benchmarks.scale.fits WAY FOLDER SWEEPS prints JSON.

`ours` and `smurff` train on the same prepared ratings and test on the same others, with vectors of the same length.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.peak_memory import peak_memory
from benchmarks.scale.floor import least_errors
from benchmarks.scale.planted import RANK, SHAPES
from data.prepared import Prepared, prepare
from recsys.command import lightning_command
from recsys.posterior.sampler import GibbsSampler

Result = dict[str, Any]
Seconds = tuple[float, float]
"""By the clock, and of the processors: on a machine with other work, these say what the work is."""
POINT_EPOCHS, BURN_IN = 5, 10  # as in best-ratings
_T = TypeVar("_T")


def prepared(folder: Path, _sweeps: int) -> Result:
    """Prepare what `planted.write` has left; seconds, and how many ratings there are."""
    begin = time.perf_counter()
    prepare(folder / "train.parquet", folder / "prepared", test=folder / "test.parquet")
    seconds = time.perf_counter() - begin
    found = Prepared(folder / "prepared").manifest
    return {"seconds": seconds, "n_ratings": found.n_train, "n_users": found.n_users, "n_items": found.n_items}


def ours(folder: Path, sweeps: int, *options: str) -> Result:
    """`recsys fit --config best-ratings` with so many sweeps, 10 of which are not averaged, tested and exported.

    Of several processes, the one that exports says what came of it, and each what it took.
    """
    seconds: dict[str, list[Seconds]] = {"sweep": [], "average": []}
    begin = time.perf_counter()
    with contextlib.ExitStack() as stack:
        for name, each in seconds.items():
            stack.enter_context(patch.object(GibbsSampler, name, _timed(getattr(GibbsSampler, name), each)))
        run = stack.enter_context(tempfile.TemporaryDirectory(dir=folder))
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        arguments = [
            *("--config=best-ratings", "--data=PreparedDataModule", f"--data.folder={folder / 'prepared'}"),
            *("--data.validation=0", f"--trainer.max_epochs={POINT_EPOCHS + sweeps}", "--run.name=scale"),
            *(f"--run.artifacts={run}/artifacts", f"--run.checkpoints={run}/checkpoints"),
            *("--trainer.logger=false", "--trainer.enable_progress_bar=false"),
        ]
        lightning_command.run(["fit", *arguments, *options])
        costs = _costs("sweep", np.median(seconds["sweep"], 0))
        costs |= _costs("average", np.mean(seconds["average"], 0))  # every eighth takes longer
        artefact = Path(run) / "artifacts" / "latest"
        if not artefact.exists():
            return costs
        metrics = json.loads((artefact / "metrics.json").read_text())
        size = sum(file.stat().st_size for file in artefact.iterdir())
    return {
        "seconds": time.perf_counter() - begin,
        **costs,
        "rmse": metrics["test_rmse"],
        "artefact_bytes": size,
    }


def smurff(folder: Path, sweeps: int) -> Result:
    """Bayesian matrix factorisation by SMURFF, 10 draws of which are not averaged; of ratings less their mean."""
    import scipy.sparse
    import smurff as peer  # extra `scale`

    begin = time.perf_counter()
    found = Prepared(folder / "prepared")
    ratings, said = found.ratings, found.manifest
    mean = ratings.values[: said.n_train].mean(dtype=np.float64)
    train, test = (
        scipy.sparse.coo_matrix(
            (ratings.values[part] - mean, (ratings.users[part], ratings.items[part])), (said.n_users, said.n_items)
        )
        for part in (slice(said.n_train), slice(said.n_train, None))
    )
    session = peer.BPMFSession(
        train, Ytest=test, num_latent=RANK + 1, burnin=BURN_IN, nsamples=sweeps - BURN_IN, seed=0, verbose=0,
        num_threads=torch.get_num_threads(),
    )  # fmt: skip
    session.init()
    seconds, status = list[Seconds](), None
    while (step := _of(session.step, seconds)) is not None:
        status = step
    assert status is not None
    return {
        "seconds": time.perf_counter() - begin,
        **_costs("sweep", np.median(seconds[:-1], 0)),  # with its averaging; the last call draws nothing
        **_costs("average", np.zeros(2)),
        "rmse": status.rmse_avg,
    }


def floor(folder: Path, _sweeps: int) -> Result:
    """The least errors on the ratings to test on, of which the folder is named by the size."""
    return least_errors(SHAPES[folder.name], folder)


WAYS: dict[str, Callable[[Path, int], Result]] = {"prepare": prepared, "floor": floor, "ours": ours, "smurff": smurff}


def _costs(of: str, seconds: npt.NDArray[np.float64]) -> Result:
    return {f"{of}_seconds": float(seconds[0]), f"{of}_cpu_seconds": float(seconds[1])}


def _timed(method: Callable[..., _T], seconds: list[Seconds]) -> Callable[..., _T]:
    return lambda *arguments: _of(lambda: method(*arguments), seconds)


def _of(call: Callable[[], _T], seconds: list[Seconds]) -> _T:
    begin = time.perf_counter(), time.process_time()
    found = call()
    seconds.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    return found


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    found = WAYS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
    print(json.dumps({**found, "peak_bytes": peak_memory()}))
