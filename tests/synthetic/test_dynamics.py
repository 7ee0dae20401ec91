"""Batched training is plain training of each member by itself, and survives everything."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from synthetic.annealing import Annealing
from synthetic.dynamics import CheckpointError, Dynamics
from synthetic.optimizers import OPTIMIZERS
from synthetic.penalties import PENALTIES
from synthetic.problems import Problems, low_rank_problems

SEEDS = [0, 1, 2]
STRENGTHS = torch.tensor([1e-2, 0.0, 1e-3], dtype=torch.float64)
RATES = torch.tensor([1e-3, 3e-3, 1e-2], dtype=torch.float64)
ORDERS = {"ratio": (1, 2), "schatten_1/2:2/3": (1 / 2, 2 / 3), "schatten_1/3:2/3": (1 / 3, 2 / 3)}
ORDERS["schatten_1/3:1/2"] = (1 / 3, 1 / 2)
TORCH: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adam": torch.optim.Adam,
    "adagrad": torch.optim.Adagrad,
    "adamax": torch.optim.Adamax,
    "rmsprop": torch.optim.RMSprop,
    "gd": torch.optim.SGD,
    "adamw": torch.optim.AdamW,
    "nadam": torch.optim.NAdam,
    "radam": torch.optim.RAdam,
    "amsgrad": lambda layers, lr: torch.optim.Adam(layers, lr=lr, amsgrad=True),
    "muon": torch.optim.Muon,
}


@pytest.fixture(scope="module")
def problems() -> Problems:
    return low_rank_problems(SEEDS, shape=(10, 12), rank=2, observed=60)


def begin(problems: Problems, **changed: Any) -> Dynamics:
    arguments: dict[str, Any] = {"seeds": SEEDS, "optimizer": "adam", "depth": 1, "penalty": "ratio"}
    arguments |= {"strengths": STRENGTHS, "learning_rates": RATES}
    return Dynamics(problems.observations, problems.observed, **(arguments | changed))


def reference_penalty(name: str, matrix: Tensor) -> Tensor:
    values: Tensor = torch.linalg.svdvals(matrix)
    if name == "nuclear":
        return values.sum()
    if name == "none":
        return values.sum() * 0
    p, q = ORDERS[name]
    ratio: Tensor = values.pow(p).sum() ** (1 / p) / values.pow(q).sum() ** (1 / q)
    return ratio


def reference(run: Dynamics, problems: Problems, steps: int) -> list[list[Tensor]]:
    """The layers of each member after `steps` of torch.optim and autograd through the singular values."""
    results = []
    for member, layers in enumerate(zip(*run.layers, strict=True)):
        leaves = [layer.clone().requires_grad_() for layer in layers]
        optimizer = TORCH[run.optimizer](leaves, lr=float(run.learning_rates[member]))
        for _ in range(steps):
            product = leaves[0]
            for leaf in leaves[1:]:
                product = leaf @ product
            errors = (product - problems.observations[member])[problems.observed[member]]
            loss = errors.square().mean() + run.strengths[member] * reference_penalty(run.penalty, product)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        results.append([leaf.detach() for leaf in leaves])
    return results


@pytest.mark.parametrize(
    ("optimizer", "penalty", "depth"),
    [(name, "ratio", depth) for name in OPTIMIZERS for depth in (1, 3)]
    + [("adam", name, depth) for name, depth in itertools.product(PENALTIES, (1, 2)) if name != "ratio"],
)
def test_a_batch_trains_as_torch_optim_and_autograd_train_each_member(
    problems: Problems, optimizer: str, penalty: str, depth: int
) -> None:
    run = begin(problems, optimizer=optimizer, penalty=penalty, depth=depth)
    expected = reference(run, problems, steps=7)
    before = run.end_product
    run.advance(7)
    assert run.steps.tolist() == [7, 7, 7]
    assert not torch.equal(run.end_product, before)
    for layer in range(depth):
        theirs = torch.stack([layers[layer] for layers in expected])
        # The product of three near-zero layers is ill-conditioned, and Adam divides by small gradients.
        torch.testing.assert_close(run.layers[layer], theirs, rtol=1e-6, atol=1e-9 if depth == 1 else 2e-7)


def test_annealing_is_training_with_a_strength_and_a_learning_rate_for_each_step(problems: Problems) -> None:
    annealing = Annealing(constant_steps=3, steps_per_decade=2)
    assert [annealing.factor(step) for step in range(8)] == pytest.approx([1, 1, 1, 1, 0.1**0.5, 0.1, 0.1**1.5, 0.01])
    annealed, stepwise = begin(problems, optimizer="gd", annealing=annealing), begin(problems, optimizer="gd")
    annealed.advance(8)
    for step in range(8):
        stepwise.strengths = annealing.factor(step) * STRENGTHS
        stepwise.learning_rates = annealing.factor(step) * RATES
        stepwise.advance(1)
    torch.testing.assert_close(annealed.end_product, stepwise.end_product, rtol=1e-7, atol=1e-12)


def test_training_goes_on_with_other_observations(problems: Problems) -> None:
    fewer = problems.observed.clone()
    fewer[:, 0] = False
    run, whole = begin(replace(problems, observed=fewer)), begin(problems)
    run.advance(1)
    run.observe(problems.observations, problems.observed)
    run.layers = [layer.clone() for layer in whole.layers]
    torch.testing.assert_close(run.gradients(), whole.gradients())
    with pytest.raises(ValueError, match="no observed entry"):
        run.observe(problems.observations, torch.zeros_like(fewer))


def test_members_do_not_touch_each_other(problems: Problems) -> None:
    together = begin(problems)
    together.advance(20)
    alone = Dynamics(
        problems.observations[1:2],
        problems.observed[1:2],
        seeds=SEEDS[1:2],
        optimizer="adam",
        depth=1,
        penalty="ratio",
        strengths=STRENGTHS[1:2],
        learning_rates=RATES[1:2],
    )
    alone.advance(20)
    torch.testing.assert_close(together.end_product[1], alone.end_product[0], rtol=0, atol=1e-14)


def test_the_start_has_the_scale_of_the_paper() -> None:
    wide = low_rank_problems([0], shape=(60, 80), observed=100)
    arguments: dict[str, Any] = {"strengths": torch.zeros(1), "learning_rates": torch.ones(1), "penalty": "none"}
    run = Dynamics(wide.observations, wide.observed, seeds=[0], optimizer="gd", depth=3, **arguments)
    assert [tuple(layer.shape) for layer in run.layers] == [(1, 60, 80), (1, 60, 60), (1, 60, 60)]
    for layer in run.layers:
        assert float(layer.std()) == pytest.approx(0.1 / 80**0.5, rel=0.05)


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "muon"])
def test_members_that_were_not_kept_leave_the_others_as_they_were(problems: Problems, optimizer: str) -> None:
    whole, halved = begin(problems, optimizer=optimizer, depth=2), begin(problems, optimizer=optimizer, depth=2)
    whole.advance(30)
    halved.advance(10)
    halved.keep(torch.tensor([2, 0]))
    halved.advance(20)
    torch.testing.assert_close(halved.end_product, whole.end_product[[2, 0]], rtol=0, atol=1e-14)
    assert halved.steps.tolist() == [30, 30]


def test_members_that_converge_rest_and_those_that_diverge_keep_what_was_finite(problems: Problems) -> None:
    run = begin(
        problems, optimizer="gd", penalty="none", learning_rates=torch.tensor([20.0, 1e-3, 1e4], dtype=torch.float64)
    )
    run.advance(1000)
    assert run.converged.tolist() == [True, False, False]
    assert run.diverged.tolist() == [False, False, True]
    assert run.running.tolist() == [1]
    assert run.steps[0] < 1000 and run.steps[1] == 1000
    assert bool(torch.isfinite(run.end_product).all())
    observed = problems.observed[0]
    torch.testing.assert_close(run.end_product[0][observed], problems.observations[0][observed])


TRAINING = """
import sys
from pathlib import Path

import torch

from synthetic import dynamics
from synthetic.problems import low_rank_problems

dynamics.SAVE_EVERY_SECONDS = 0.05
problems = low_rank_problems([0, 1], shape=(10, 12), rank=2, observed=60)
run = dynamics.Dynamics(
    problems.observations, problems.observed, seeds=[0, 1], optimizer=sys.argv[1], depth=2, penalty="ratio",
    strengths=torch.full((2,), 1e-3), learning_rates=torch.full((2,), 1e-3),
)
checkpoint, result = Path(sys.argv[2]), Path(sys.argv[3])
if checkpoint.exists():
    run.load(checkpoint)
    print("resumed at", int(run.steps[0]))
run.advance(1000 - int(run.steps[0]), checkpoint)
torch.save(run.layers, result)
"""


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["nadam"])  # it has moments, step counts and a running product
def test_a_run_that_was_killed_resumes_and_ends_bit_for_bit_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], optimizer: str
) -> None:
    def arguments(name: str) -> list[str]:
        return ["-c", optimizer, str(tmp_path / f"{name}.ckpt"), str(tmp_path / f"{name}.pt")]

    def train(name: str) -> None:
        monkeypatch.setattr(sys, "argv", arguments(name))
        exec(TRAINING, {})

    monkeypatch.setattr("synthetic.dynamics.SAVE_EVERY_SECONDS", 0.05)  # as in TRAINING, until the test ends
    flag, *others = arguments("killed")
    process = subprocess.Popen([sys.executable, flag, TRAINING, *others])
    while not (tmp_path / "killed.ckpt").exists():
        time.sleep(0.01)
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed.pt").exists()
    train("killed")
    assert capsys.readouterr().out.startswith("resumed at ")
    train("whole")
    for resumed, whole in zip(torch.load(tmp_path / "killed.pt"), torch.load(tmp_path / "whole.pt"), strict=True):
        assert torch.equal(resumed, whole)


def test_training_in_short_pieces_is_saved_as_often(
    problems: Problems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthetic.dynamics.SAVE_EVERY_SECONDS", 0.2)
    run = begin(problems)
    run.advance(1, tmp_path / "run.ckpt")
    assert not (tmp_path / "run.ckpt").exists()
    time.sleep(0.2)
    run.advance(1, tmp_path / "run.ckpt")
    assert (tmp_path / "run.ckpt").exists()


def test_checkpoints_that_are_damaged_or_of_another_run_are_refused(problems: Problems, tmp_path: Path) -> None:
    checkpoint = tmp_path / "run.ckpt"
    begin(problems).save(checkpoint)
    with pytest.raises(CheckpointError, match="another run"):
        begin(problems, strengths=STRENGTHS * 2).load(checkpoint)
    with pytest.raises(CheckpointError, match="another run"):
        begin(problems, optimizer="adamax").load(checkpoint)
    with pytest.raises(CheckpointError, match="another run"):
        begin(problems, annealing=Annealing(10, 10)).load(checkpoint)
    checkpoint.write_bytes(checkpoint.read_bytes()[:300])
    with pytest.raises(CheckpointError, match="damaged"):
        begin(problems).load(checkpoint)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"optimizer": "sgd"}, "no optimiser is called 'sgd'"),
        ({"penalty": "rank"}, "no penalty is called 'rank'"),
        ({"depth": 0}, "at least 1, not 0"),
        ({"seeds": [0]}, "1 seeds for a batch of 3"),
        ({"strengths": torch.tensor([1.0, -1.0, 0.0])}, "every λ"),
        ({"learning_rates": torch.tensor([1.0, 0.0, 1.0])}, "every learning rate"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(problems: Problems, changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        begin(problems, **changed)
