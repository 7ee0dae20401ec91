"""What the tests of the recsys package share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    """Compute on one thread: the matrices are small, and threads that wait for each other on busy cores cost more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    """How many threads torch computes with: sums are added up in another order."""
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(1)
