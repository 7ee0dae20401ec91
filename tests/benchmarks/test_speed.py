"""The speed benchmark compares two computations of the same thing, and measures them in turns."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.speed import __main__ as command
from benchmarks.speed import synthetic
from benchmarks.speed.penalty import ratings_like_matrix, value_and_gradient
from benchmarks.speed.training import AutogradRatioPenalty
from benchmarks.speed.turns import alternate
from recsys.penalties import RatioPenalty
from recsys.results.environment import environment


def test_both_sides_of_the_ratio_compute_the_same_value_and_gradient() -> None:
    matrix = torch.randn(60, 90, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    both = (value_and_gradient(penalty, matrix) for penalty in (RatioPenalty(1.0), AutogradRatioPenalty(1.0)))
    for ours, autograd in zip(*both, strict=True):
        torch.testing.assert_close(ours, autograd)


def test_the_matrix_has_the_spectrum_of_a_network_in_training() -> None:
    values = torch.linalg.svdvals(ratings_like_matrix().double())
    assert 4000 < values[0] < 5000
    assert 30 < values[1] < 100
    assert 0.01 < values[-1] < 0.1


def test_the_gradients_of_small_networks_are_as_exact_as_a_gram_matrix_lets_them_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(synthetic, "STEPS", 2)
    error = synthetic.gradient_error("adam", 1, "schatten_1/2:2/3")
    assert error is not None and 1e-15 < error < 1e-5
    assert synthetic.gradient_error("adam", 1, "none") is None


def test_two_functions_take_turns_after_a_call_each_to_warm_up() -> None:
    calls: list[str] = []
    times = alternate(lambda: calls.append("a"), lambda: calls.append("b"), turns=3)
    assert calls == ["a", "b"] * 4
    assert [len(taken) for taken in times] == [3, 3]


@pytest.mark.parametrize(("capability", "part"), [("AVX512", "penalty"), ("AVX2", "penalty_avx2")])
def test_the_penalty_on_a_processor_with_avx2_alone_is_written_beside_that_on_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capability: str, part: str
) -> None:
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    monkeypatch.setitem(command.PARTS, "penalty", lambda arguments: [{"name": "measured here"}])
    file = tmp_path / "speed.json"
    file.write_text(json.dumps({"penalty": {"rows": []}, "penalty_avx2": {"rows": []}}))
    monkeypatch.setattr(sys, "argv", ["speed", "--only", "penalty", "--json", str(file)])
    command.main()
    rows = {name: content["rows"] for name, content in json.loads(file.read_text()).items()}
    assert rows == {"penalty": [], "penalty_avx2": [], part: [{"name": "measured here"}]}


def test_a_processor_that_simulates_another_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)
    assert "simulates" not in str(environment()["processor"])
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "avx2")
    assert "simulates" in str(environment()["processor"])
