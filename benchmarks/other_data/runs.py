"""Fit one model on one data set, for several seeds; what was fitted before is read back.

As in `benchmarks.rmse_table.runs`, fits run in processes of their own, and a result says what it was made with.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from benchmarks.other_data import tables
from benchmarks.other_data.matrices import MATRICES
from benchmarks.peers import fingerprint_of
from benchmarks.recipe_fit import FitFailedError, Result, fit_recipe
from recsys.command.recipes import CONFIGS
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.fingerprint import code_of, fingerprint, kept


@dataclass(frozen=True)
class Line:
    """A model of the table: `ours` is a recipe that `recsys fit` fits, another is one of `benchmarks.peers`."""

    ours: bool
    uses_who_rated_what: bool = False


LINES = {
    "best-ratings": Line(ours=True, uses_who_rated_what=True),
    "embedding-adam-ratio": Line(ours=True),
    "lnn-adam-ratio": Line(ours=True),
    "lnn-adam-smoothed-ratio": Line(ours=True),
    "fm-implicit": Line(ours=False, uses_who_rated_what=True),
    "fm": Line(ours=False),
    "svd": Line(ours=False),
}
"""By name."""


def results(
    model: str, data: str, file: Path, seeds: list[int], folder: Path, after_fit: Callable[[], None]
) -> list[Result]:
    """Results for each seed of the model, in order; `after_fit` is called once for each that is there.

    Args:
        model: one of `LINES`.
        data: one of `MATRICES`.
        file: the data set's file, verified.
        seeds: of the model; the split is given.
        folder: for the runs, and for the ratings as tables.
        after_fit: called once for each seed whose result is there.

    Raises:
        FitFailedError: a fit failed; its own message is on stderr.
    """
    wanted = current_fingerprint(model, data)
    files = {seed: folder / f"{model}-{data}-seed{seed}" / "result.json" for seed in seeds}
    for seed, finished in files.items():
        if kept(finished, wanted) is None:
            if not (folder / data).is_dir():
                tables.write(file, folder / data)
            result = _fit(model, data, folder / data, seed, finished.parent)
            write_atomically(
                finished, json.dumps({**result, **environment(), "fingerprint": wanted}, indent=2).encode()
            )
        after_fit()
    return [json.loads(finished.read_bytes()) for finished in files.values()]


def current_fingerprint(model: str, data: str) -> str:
    """Of a result that the present settings and sources would give, whatever the seed."""
    if not LINES[model].ours:
        return fingerprint([fingerprint_of(model, data), MATRICES[data].sha256], code_of("benchmarks.other_data.peer"))
    settings = [yaml.safe_load((CONFIGS / f"{name}.yaml").read_bytes()) for name in ("base", model)]
    made_of = [settings, MATRICES[data].sha256]
    return fingerprint(made_of, code_of("recsys.command.__main__", "benchmarks.other_data.tables"))


def _fit(model: str, data: str, ratings: Path, seed: int, run: Path) -> Result:
    if LINES[model].ours:
        of_seed = [f"--data.seed={seed}", f"--seed_everything={seed}"]
        return fit_recipe(CONFIGS / f"{model}.yaml", [*tables.arguments(data, ratings), *of_seed], run)
    written = run / "peer.json"
    command = [sys.executable, "-m", "benchmarks.other_data.peer", model, data, str(ratings), str(seed), str(written)]
    if status := subprocess.run(command, check=False).returncode:
        raise FitFailedError(f"{' '.join(command)} ended with status {status}")
    result: Result = json.loads(written.read_bytes())
    return result
