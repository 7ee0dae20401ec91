"""Two processes that share rows, and what each of them returns."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

# Forked, since each would else import torch anew.
_CONTEXT = multiprocessing.get_context("fork")


def in_two(work: Callable[[int], Any], folder: Path) -> list[Any]:
    """What `work` returns in each of two processes, given its number."""
    members = [_CONTEXT.Process(target=_take_part, args=(work, place, folder)) for place in range(2)]
    for member in members:
        member.start()
    for member in members:
        member.join(60)
        assert member.exitcode == 0, f"a member ended with {member.exitcode}"
    return [pickle.loads((folder / f"{place}.pickle").read_bytes()) for place in range(2)]


def _take_part(work: Callable[[int], Any], place: int, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=place, world_size=2)
    found = work(place)
    (folder / f"{place}.pickle").write_bytes(pickle.dumps(found))
    dist.destroy_process_group()
