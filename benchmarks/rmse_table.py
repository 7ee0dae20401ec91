"""Reproduce our rows of the paper's Table 2: python -m benchmarks.rmse_table.

Each row is `recsys fit` with a committed configuration: the number of epochs comes from a validation part of the
training ratings, the model is refitted on all of them, and the test ratings are predicted once. Runs that were finished
are not repeated: their artefacts are kept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from rich.progress import Progress

from benchmarks.environment import environment
from recsys.files import write_atomically

CONFIGS = Path(__file__).parents[1] / "recsys" / "configs"
SPLITS = {"0.9": "90", "0.8": "80"}
MODELS = [f"{m}-{o}{p}" for m in ("lnn", "embedding") for o in ("gd", "adam") for p in ("", "-ratio")]


@dataclass(frozen=True)
class Row:
    """One model on one split; `rmse` and `fit_seconds` have one value for each seed."""

    model: str
    split: str
    seeds: list[int]
    rmse: list[float]
    rmse_mean: float
    rmse_std: float | None
    paper_rmse: float
    effective_rank: float
    steps: list[int]
    fit_seconds: float
    extra_information: bool = False


def metrics_of(model: str, split: str, seed: int, folder: Path) -> dict[str, Any]:
    """Metrics of one run, fitted unless its artefact is in `folder`."""
    run = folder / f"{model}-{SPLITS[split]}-seed{seed}"
    metrics = run / "artifacts" / "latest" / "metrics.json"
    if not metrics.is_file():
        config = CONFIGS / f"{model}-{SPLITS[split]}.yaml"
        command = [sys.executable, "-m", "recsys.cli", "fit", f"--config={config}", f"--data.seed={seed}"]
        command += [f"--run.artifacts={run}/artifacts", f"--run.checkpoints={run}/checkpoints"]
        command += [f"--trainer.logger.init_args.save_dir={run}/logs"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    content: dict[str, Any] = json.loads(metrics.read_text())
    return content


def row_of(model: str, split: str, seeds: list[int], runs: list[dict[str, Any]]) -> Row:
    """Mean and standard deviation over the seeds."""
    rmse = [run["test_rmse"] for run in runs]
    config = yaml.safe_load((CONFIGS / f"{model}-{SPLITS[split]}.yaml").read_text())
    return Row(
        model=model,
        split=split,
        seeds=seeds,
        rmse=rmse,
        rmse_mean=statistics.mean(rmse),
        rmse_std=statistics.stdev(rmse) if len(rmse) > 1 else None,
        paper_rmse=config["run"]["paper_rmse"],
        effective_rank=statistics.mean(run["effective_rank"] for run in runs),
        steps=[run["steps"] for run in runs],
        fit_seconds=statistics.mean(run["fit_seconds"] for run in runs),
    )


def as_markdown(rows: list[Row]) -> str:
    """The rows as a table, with the published figure beside the measured one."""
    lines = [
        "| model | split | paper | test RMSE | over seeds | effective rank | fit |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        spread = f"±{row.rmse_std:.4f}" if row.rmse_std is not None else "–"
        lines.append(
            f"| {row.model} | {row.split} | {row.paper_rmse:.3f} | {row.rmse_mean:.4f} | {spread} "
            f"| {row.effective_rank:.1f} | {row.fit_seconds:.1f} s |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Fit what is missing, print the table, and write JSON if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS, metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument(
        "--split", nargs="+", choices=list(SPLITS), default=list(SPLITS), help="share of training ratings"
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)), help="seeds of the splits")
    parser.add_argument("--runs", type=Path, default=Path("logs/rmse_table"), help="folder for the runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file, too")
    arguments = parser.parse_args()

    rows = []
    with Progress(disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("fits", total=len(arguments.models) * len(arguments.split) * len(arguments.seeds))
        for split in arguments.split:
            for model in arguments.models:
                runs = []
                for seed in arguments.seeds:
                    runs.append(metrics_of(model, split, seed, arguments.runs))
                    progress.advance(bar)
                rows.append(row_of(model, split, arguments.seeds, runs))
    print(as_markdown(rows), end="")
    if arguments.json:
        content = {**environment(), "rows": [asdict(row) for row in rows]}
        write_atomically(arguments.json, (json.dumps(content, indent=2) + "\n").encode())


if __name__ == "__main__":
    main()
