"""The folders that a command writes to, tried before the work whose results go there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recsys.errors import CommandError

_ROOM = 1 << 16  # bytes; a file without content can be made on a full disk, too


def require_writable(subcommand: str, settings: Mapping[str, Any]) -> None:
    """Write a small file, and remove it again, where `recsys subcommand` will leave files.

    Raises:
        CommandError: a folder cannot be made or written to; the message names the option that gave it.
    """
    for option, folder in _targets(subcommand, settings):
        place = next(parent for parent in (folder, *folder.absolute().parents) if os.path.lexists(parent))
        try:
            with tempfile.NamedTemporaryFile(prefix=".writing-", dir=place) as file:
                file.write(bytes(_ROOM))
                file.flush()
                os.fsync(file.fileno())
        except OSError as cause:
            raise CommandError(
                f"{option} {folder} cannot be written to: {cause.strerror} ({place}). Make room or name another place."
            ) from cause


def _targets(subcommand: str, settings: Mapping[str, Any]) -> Iterator[tuple[str, Path]]:
    run = settings["run"]
    if subcommand == "fit":
        yield "--run.artifacts", Path(run["artifacts"])
        yield "--run.checkpoints", Path(run["checkpoints"]) / run["name"]
        for folder in _log_folders(settings["trainer"]):
            yield "--trainer.logger", folder
    if subcommand == "predict":
        predictions = Path(run["predictions"])
        if predictions.is_dir():
            raise CommandError(f"--run.predictions {predictions} is a folder; give a file.")
        yield "--run.predictions", predictions.parent


def _log_folders(trainer: Mapping[str, Any]) -> Iterator[Path]:
    given = trainer["logger"]
    for logger in given if isinstance(given, list) else [given]:
        if isinstance(logger, Mapping):
            folder = logger["init_args"].get("save_dir")
            yield Path("." if folder is None else folder)
        elif logger is not False:  # Lightning's own choice
            yield Path(trainer["default_root_dir"] or ".")
