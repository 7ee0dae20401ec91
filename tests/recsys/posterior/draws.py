"""What the tests of the sampler draw with."""

from __future__ import annotations

import torch


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def every(n: int) -> torch.Tensor:
    """Rows (n,), all of which have ratings."""
    return torch.ones(n, dtype=torch.bool)
