"""Single bytes of artefacts and checkpoints, changed: each file is refused, or still says the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.progress import moments
from recsys import artifact
from recsys.command.checkpoints.reading import read_checkpoint
from recsys.errors import CommandError


def of_artefacts(count: int, rng: np.random.Generator, folder: Path, source: Path) -> Outcome:
    """Change a random byte of a random file of an artefact; it must not load."""
    directory = folder / "artefact"
    shutil.copytree(source.resolve(), directory)
    files = [directory / name for name in (artifact.MODEL_FILE, artifact.ITEMS_FILE, artifact.MANIFEST_FILE)]

    def taken(damaged: Path) -> bool:
        try:
            artifact.load(damaged.parent)
        except artifact.ArtifactError:
            return False
        return True

    return _flip(Outcome("a byte of an artefact changed"), count, rng, files, taken)


def of_checkpoints(count: int, rng: np.random.Generator, folder: Path, checkpoint: Path) -> Outcome:
    """Change a random byte of a checkpoint; it must be refused, or be read as what it was (the file has padding)."""
    copy = folder / checkpoint.name
    shutil.copy(checkpoint, copy)
    expected = _content(checkpoint)

    def taken(damaged: Path) -> bool:
        try:
            read_checkpoint(damaged)
        except CommandError:
            return False
        return not _same(_content(damaged), expected)

    return _flip(Outcome("a byte of a checkpoint changed"), count, rng, [copy], taken)


def _flip(
    outcome: Outcome, count: int, rng: np.random.Generator, files: list[Path], taken: Callable[[Path], bool]
) -> Outcome:
    """Change one byte at a time, and put it back; `taken` says whether the damaged file passes for a whole one."""
    contents = [file.read_bytes() for file in files]
    for _ in moments(outcome, count):
        which = int(rng.integers(len(files)))
        file, content = files[which], contents[which]
        place, change = int(rng.integers(len(content))), int(rng.integers(1, 256))
        with file.open("r+b") as opened:
            opened.seek(place)
            opened.write(bytes([content[place] ^ change]))
        outcome.moments += 1
        try:
            if taken(file):
                outcome.count("corrupt", f"{file.name} is taken for whole with byte {place} changed by {change}")
        except Exception as error:  # what users would see as a traceback
            outcome.count("errors", f"{file.name}, byte {place} changed by {change}: {error!r}")
        with file.open("r+b") as opened:
            opened.seek(place)
            opened.write(content[place : place + 1])
    return outcome


def _content(checkpoint: Path) -> Any:
    return torch.load(checkpoint, map_location="cpu", weights_only=True)


def _same(one: Any, other: Any) -> bool:
    """Whether two contents of checkpoints are equal, tensors to the last bit."""
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return type(one) is type(other) and bool(one == other)
