"""Fit one line of the RMSE table on one split, for several seeds; what was fitted before is read back.

Fits run in processes of their own: ours is `recsys fit` with a committed configuration, a peer `benchmarks.peers.run`.
A result is a file that appears when its fit is finished, so an interruption loses one fit at most. It says which
settings, sources and versions it was made with, and is made anew where these are others now.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from benchmarks.peers import fingerprint_of
from benchmarks.recipe_fit import FitFailedError, Result, fit_recipe
from benchmarks.rmse_table.table2 import NEAR_ZERO, Line
from recsys.command.recipes import CONFIGS
from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.fingerprint import code_of, fingerprint, kept

SPLITS = ("0.9", "0.8", "u1")  # of the table


def results(line: Line, split: str, seeds: list[int], folder: Path, after_fit: Callable[[], None]) -> list[Result]:
    """Results for each seed, in order; `after_fit` is called once for each that is there.

    The seed is that of the random split and of the model; an official split has none, so there it is the model's alone.

    Raises:
        FitFailedError: a fit failed; its own message is on stderr.
    """
    if line.ours:
        return [_ours(line, split, seed, folder, after_fit) for seed in seeds]
    return _peer(line.model, split, seeds, folder / f"{line.model}-{split}", after_fit)


def recipe(model: str) -> tuple[Path, list[str]]:
    """Configuration of a model of ours, and arguments of `recsys fit` besides.

    A start near zero without a configuration of its own has that of the other start. From near zero it is further to
    the best epoch, so the upper bound on their number is one that none comes near.
    """
    own = CONFIGS / f"{model}.yaml"
    if own.is_file():
        return own, []
    of_the_other = CONFIGS / f"{model.removesuffix(NEAR_ZERO)}.yaml"
    return of_the_other, ["--model.init_args.start=NearZero", "--trainer.max_epochs=2000"]


def current_fingerprint(line: Line, split: str) -> str:
    """Of a result that the present settings and sources would give, whatever the seed.

    The process that fits reads its sources when it starts, so they are looked at anew each time.
    """
    if not line.ours:
        return fingerprint_of(line.model, split)
    settings = [yaml.safe_load(file.read_bytes()) for file in (CONFIGS / "base.yaml", recipe(line.model)[0])]
    return fingerprint([settings, _settings_of(line.model, split)], code_of("recsys.command.__main__"))


def _settings_of(model: str, split: str) -> list[str]:
    """Arguments of `recsys fit` that decide what a model of ours learns, but the seed."""
    _, start = recipe(model)
    return [*start, f"--data.split={split}"]


def _ours(line: Line, split: str, seed: int, folder: Path, after_fit: Callable[[], None]) -> Result:
    run = folder / f"{line.model}-{split}-seed{seed}"
    finished = run / "result.json"
    wanted = current_fingerprint(line, split)
    result = kept(finished, wanted)
    if result is None:
        result = {**_fit(line.model, split, seed, run), **environment(), "fingerprint": wanted}
        write_atomically(finished, json.dumps(result, indent=2).encode())
    after_fit()
    return result


def _fit(model: str, split: str, seed: int, run: Path) -> Result:
    """What `recsys fit` reports of a model of ours."""
    config, _ = recipe(model)
    arguments = [*_settings_of(model, split), f"--data.seed={seed}"]
    if split == "u1":
        arguments += [f"--seed_everything={seed}"]
    return fit_recipe(config, arguments, run)


def _peer(model: str, split: str, seeds: list[int], folder: Path, after_fit: Callable[[], None]) -> list[Result]:
    files = {seed: folder / f"seed{seed}.json" for seed in seeds}
    wanted = fingerprint_of(model, split)
    missing = []
    for seed, file in files.items():
        if kept(file, wanted) is None:
            missing.append(str(seed))
        else:
            after_fit()
    if missing:
        command = [sys.executable, "-m", "benchmarks.peers.run", model, f"--split={split}", f"--folder={folder}"]
        command += ["--seeds", *missing]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in process.stdout:  # a line for each seed
                after_fit()
        if process.returncode:
            raise FitFailedError(f"{' '.join(command)} ended with status {process.returncode}")
    return [json.loads(file.read_text()) for file in files.values()]
