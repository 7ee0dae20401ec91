"""Train recipes on MovieLens 100K from near zero, and note how far a step moves entries with and without a rating."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pytorch_lightning as pl
import torch
import yaml
from torch import Tensor
from typing_extensions import override

from data.datamodules import RatingsDataModule
from recsys.command import lightning_command
from recsys.command.cli import RecsysCLI
from recsys.command.recipes import CONFIGS
from recsys.command.run import leaving_nothing
from recsys.models import LinearNetwork, RatingModel

NEAR_ZERO, DESCENT = "lnn-adam-ratio-near-zero", "lnn-gd-ratio"
# Adam as its recipe has it; gradient descent at its recipe's rate and at a hundredth, from where Adam starts.
RUNS = ("Adam", "gradient descent", "gradient descent, rate / 100")
STEPS = (1, 2, 10, 50, 100, 200, 400)


@dataclass(frozen=True)
class Moves:
    """Means over entries of W with a training rating and over those without, in one step of training."""

    optimizer: str
    rate: float
    step: int  # counted from 1
    gradient_rated: float  # mean |∂L/∂W_ui|
    gradient_unrated: float
    move_rated: float  # mean |change of W_ui|
    move_unrated: float
    mean_unrated: float  # mean W_ui after the step; a rating is 3.5 on average


def measure(seed: int, steps: Sequence[int] = STEPS) -> list[Moves]:
    """The moves of all `RUNS` in the given steps, on the 90:10 split of a seed."""
    start = _settings(NEAR_ZERO)["model"]["init_args"]["start"]
    slow = _settings(DESCENT)["optimizer"]["init_args"]["lr"] / 100
    from_near_zero = f"--model.init_args.start={json.dumps(start)}"
    arguments = ([NEAR_ZERO], [DESCENT, from_near_zero], [DESCENT, from_near_zero, f"--optimizer.lr={slow}"])
    return [row for name, of_run in zip(RUNS, arguments, strict=True) for row in _train(name, of_run, seed, steps)]


def _settings(recipe: str) -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load((CONFIGS / f"{recipe}.yaml").read_text())
    return settings


def _train(name: str, arguments: Sequence[str], seed: int, steps: Sequence[int]) -> list[Moves]:
    recorder = _Recorder(name, steps)

    class Recorded(RecsysCLI):
        @override
        def fit(self, model: RatingModel, datamodule: RatingsDataModule, **options: Any) -> None:
            self.trainer.callbacks.append(recorder)  # type: ignore[attr-defined]  # Trainer's
            self.trainer.fit(model, datamodule=datamodule)

    with leaving_nothing() as nothing_left:
        lightning_command.run(
            [
                *("fit", f"--config={CONFIGS}/{arguments[0]}.yaml", *arguments[1:], *nothing_left),
                *(f"--data.seed={seed}", f"--seed_everything={seed}", "--data.validation=0"),
                *(f"--trainer.max_epochs={max(steps)}", "--trainer.log_every_n_steps=0"),
            ],
            command_line=Recorded,
        )
    return recorder.rows


class _Recorder(pl.Callback):
    """Compares the matrix before and after the steps that are wanted."""

    def __init__(self, name: str, steps: Sequence[int]) -> None:
        self._name, self._steps = name, frozenset(steps)
        self._before: Tensor | None = None
        self.rows: list[Moves] = []

    @override
    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        users, items, _ = trainer.datamodule.training_set()  # type: ignore[attr-defined]  # set by Lightning
        self._rated = torch.zeros_like(_matrix(pl_module), dtype=torch.bool)
        self._rated[users, items] = True

    @override
    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        if trainer.global_step + 1 in self._steps:
            self._before = _matrix(pl_module).detach().clone()
            self._rate = optimizer.param_groups[0]["lr"]

    @override
    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._before is None:
            return
        matrix = _matrix(pl_module)
        assert matrix.grad is not None  # cleared at the beginning of a step
        gradient, moved = matrix.grad.abs(), (matrix.detach() - self._before).abs()
        self._before = None
        self.rows.append(
            Moves(
                self._name,
                self._rate,
                trainer.global_step,
                gradient_rated=float(gradient[self._rated].mean()),
                gradient_unrated=float(gradient[~self._rated].mean()),
                move_rated=float(moved[self._rated].mean()),
                move_unrated=float(moved[~self._rated].mean()),
                mean_unrated=float(matrix.detach()[~self._rated].mean()),
            )
        )


def _matrix(model: pl.LightningModule) -> Tensor:
    assert isinstance(model, LinearNetwork) and len(model.layers) == 1
    matrix: Tensor = model.layers[0]
    return matrix


def as_rows(moves: Sequence[Moves]) -> list[dict[str, Any]]:
    """For a results file, with four digits, which is more than processors agree on."""
    return [
        {name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in asdict(row).items()}
        for row in moves
    ]
