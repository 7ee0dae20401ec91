"""A fit of generated ratings by several processes: python -m benchmarks.scale.members PROCESSES FOLDER SWEEPS.

It prints JSON. Each process runs this module again, with a folder to leave what it took in.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch.distributed as dist
from torch import Tensor

from benchmarks.peak_memory import peak_memory
from benchmarks.scale import fits
from recsys.command.processes.joining import is_member
from recsys.command.processes.launching import launch
from recsys.posterior.sampler import GibbsSampler


def shared_out(processes: int, folder: Path, sweeps: int) -> fits.Result:
    """What the first process took and came to, and the peak memory of each."""
    with tempfile.TemporaryDirectory() as out:
        launch([str(processes), str(folder), str(sweeps), out], processes, "benchmarks.scale.members")
        found = [json.loads(Path(out, f"{place}.json").read_text()) for place in range(processes)]
    return {**found[0], "processes": processes, "peak_bytes": [each["peak_bytes"] for each in found]}


def member(processes: int, folder: Path, sweeps: int, out: Path, place: int) -> None:
    """Fit as one of the processes, and write what it took."""
    with _counting_sent() as sent:
        found = fits.ours(folder, sweeps, f"--trainer.devices={processes}", "--trainer.strategy=ddp")
    found |= {"sent_bytes": sum(sent) / len(sent), "peak_bytes": peak_memory()}
    (out / f"{place}.json").write_text(json.dumps(found) + "\n")


@contextmanager
def _counting_sent() -> Iterator[list[float]]:
    """The bytes that this process sends in each sweep: in a ring, of a tensor to one neighbour, nearly twice."""
    sent, sweep, add_up = [0.0], GibbsSampler.sweep, dist.all_reduce

    def of_sum(tensor: Tensor, **others: Any) -> None:
        members = dist.get_world_size()
        sent[-1] += 2 * tensor.nbytes * (members - 1) / members
        add_up(tensor, **others)

    def of_sweep(sampler: GibbsSampler) -> float:
        sent.append(0.0)
        return sweep(sampler)

    with patch.object(dist, "all_reduce", of_sum), patch.object(GibbsSampler, "sweep", of_sweep):
        yield sent
        del sent[0]  # of what comes before the first sweep


if __name__ == "__main__":
    processes, folder, sweeps, *out = sys.argv[1:]
    if is_member():
        member(int(processes), Path(folder), int(sweeps), Path(out[0]), int(os.environ["RANK"]))
    else:
        print(json.dumps(shared_out(int(processes), Path(folder), int(sweeps))))
