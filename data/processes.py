"""How many processes share a fit, and which of them this one is: those of `torch.distributed`, or one."""

from __future__ import annotations

import torch.distributed as dist


def number_of_processes() -> int:
    """How many processes share the fit; 1 if there are no others."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def place_of_process() -> int:
    """Which of them this one is, counted from 0; 0 if there are no others."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0
