"""A model for which there is no memory is refused before any of it is taken."""

from __future__ import annotations

import pytest

from recsys.errors import SettingsError
from recsys.models import LinearNetwork, UserItemEmbedding, memory


@pytest.fixture(autouse=True)
def _small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1_000_000_000)


def test_a_matrix_that_does_not_fit_says_what_it_needs_what_there_is_and_which_model_does_it() -> None:
    with pytest.raises(SettingsError) as refused:
        LinearNetwork(200_000, 60_000, (1.0, 5.0))
    message = str(refused.value)
    for part in ("200,000 users and 60,000 items", "48.0 GB", "192.0 GB to train", "1.0 GB are available"):
        assert part in message
    assert "UserItemEmbedding" in message


def test_the_embedding_that_is_advised_fits() -> None:
    model = UserItemEmbedding(200_000, 60_000, (1.0, 5.0), dimension=20)
    memory.require_memory_to_train("it", sum(parameter.numel() for parameter in model.parameters()), "")


def test_factors_that_do_not_fit_are_refused_with_the_dimension_to_lower() -> None:
    with pytest.raises(SettingsError, match="Lower its dimension"):
        UserItemEmbedding(200_000, 60_000, (1.0, 5.0), dimension=2_000)


def test_training_needs_three_times_the_parameters_beside_them() -> None:
    memory.require_memory_to_train("a model", 1_000_000_000 // 12, "")
    with pytest.raises(SettingsError, match="a model needs"):
        memory.require_memory_to_train("a model", 1_000_000_000 // 12 + 1, "")


def test_what_is_available_is_less_than_the_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 0 < memory.available_memory() < 1 << 50
