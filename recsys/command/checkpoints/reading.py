"""Checkpoints: read without running code from them, and compared with the settings that a command asks for."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from recsys.command.arguments.conditions import classes
from recsys.command.checkpoints.record import FORMAT, VERSIONS
from recsys.command.run import REFIT, SELECTION
from recsys.command.settings import Settings, differences
from recsys.errors import CommandError

# Formats whose sampler did otherwise: that of versions 0.1 and 0.2 had a fixed ν, 5 averaged whole matrices, and 6 drew
# its random numbers one after the other.
_OLDER_SAMPLERS = (4, 5, 6)
# What zipfile and torch raise for bytes that are no checkpoint, encrypted or in an unknown compression among them.
_DAMAGED = (zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError)


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint says of the fit that left it."""

    path: Path
    format: int
    stage: str
    """"selection" or "refit"."""
    epochs: int | None
    """How many the stage may take."""
    epochs_done: int
    configuration: Settings
    """The settings that decided what was trained, by section."""
    data_sha256: str
    versions: dict[str, str]

    def require_for_fit(self, asked: Settings) -> None:
        """Check that a fit with the settings `asked` would have come by this checkpoint.

        Raises:
            CommandError: a setting that decides the outcome differs; the message names each.
        """
        if self.format in _OLDER_SAMPLERS and classes(self.configuration["model"]) == ["BayesianEmbedding"]:
            raise CommandError(
                f"{self.path} is of an older version, whose sampler did otherwise. It can be tested and "
                "predicted with; to fit, start anew without --ckpt_path."
            )
        # A fit is the beginning of each longer one; but the number of epochs of a selection decides that of its refit.
        chosen_before = self.stage == REFIT and asked["data"]["init_args"]["validation"] > 0
        self._require_no(differences(self.configuration, asked, free=() if chosen_before else ("trainer.max_epochs",)))
        most = asked["trainer"]["max_epochs"]
        if not chosen_before and most is not None and 0 <= most < self.epochs_done:
            self._require_no([f"trainer.max_epochs: {self.epochs_done} epochs in the checkpoint, {most} asked for"])

    def require_for_evaluation(self, asked: Settings) -> None:
        """Check that the checkpoint is of the model and the data that are asked for.

        Raises:
            CommandError: they differ; the message says in what.
        """
        # All of the training ratings are a refit's, so the share of validation ratings is that of the selection before.
        free = ("data.init_args.validation",) if self.stage == REFIT else ()
        self._require_no(
            [
                line
                for section in ("model", "data")
                for line in differences({section: self.configuration[section]}, {section: asked[section]}, free)
            ]
        )

    def require_for_validation(self) -> None:
        """Check that the model has not seen the validation ratings.

        Raises:
            CommandError: it was trained on them.
        """
        if self.stage == REFIT:
            instead = (
                f"Give the checkpoint of the selection: --ckpt_path {self.path.with_name(SELECTION + '.ckpt')}"
                if self.configuration["data"]["init_args"]["validation"] > 0
                else "Its fit had no selection: fit with --data.validation 0.1."
            )
            raise CommandError(
                f"{self.path} was trained on the validation ratings, so its error on them says nothing. {instead}"
            )

    def require_data(self, sha256: str) -> None:
        """Check that the ratings are those that the model was trained on.

        Raises:
            CommandError: they are others.
        """
        if sha256 != self.data_sha256:
            self._require_no([f"data, SHA-256: {self.data_sha256[:12]}… in the checkpoint, {sha256[:12]}… asked for"])

    def other_versions(self) -> list[str]:
        """Lines "name X in the checkpoint, Y here" for the libraries that numbers may be rounded differently by."""
        return [
            f"{name} {self.versions.get(name)} in the checkpoint, {here} here"
            for name, here in VERSIONS.items()
            if self.versions.get(name) != here
        ]

    def _require_no(self, different: list[str]) -> None:
        if different:
            raise CommandError(
                f"{self.path} was trained with other settings:\n"
                + "".join(f"  {line}\n" for line in different)
                + "Give the configuration it was trained with, or leave out --ckpt_path to start anew."
            )


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint of this project without running code from it.

    Raises:
        CommandError: there is no such file, or it is no checkpoint of a `recsys fit` of this version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # torch does not compare the checksums of what it reads
        content = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except OSError as cause:
        raise CommandError(f"the checkpoint {path} cannot be read: {cause.strerror}.") from cause
    except _DAMAGED as cause:
        raise CommandError(f"{path} is damaged or no checkpoint; it is not used.") from cause
    if damaged:
        raise CommandError(f"{path} is damaged: {damaged} in it does not have its checksum. It is not used.")
    record = _found(content, "callbacks", "FitRecord")
    if not isinstance(record, dict):
        raise CommandError(f"{path} is not a checkpoint of `recsys fit`.")
    if record.get("format") not in (*_OLDER_SAMPLERS, FORMAT):
        raise CommandError(
            f"{path} is a checkpoint of format {record.get('format', 1)}; this version of recsys reads format "
            f"{FORMAT}. Train anew, without --ckpt_path."
        )
    return Checkpoint(
        path=path,
        format=record["format"],
        stage=record["stage"],
        epochs=record["epochs"],
        epochs_done=_found(content, "loops", "fit_loop", "epoch_progress", "current", "processed"),
        configuration=_with_data_class(record["configuration"]),
        data_sha256=record["data_sha256"],
        versions=record["versions"],
    )


def _with_data_class(configuration: Settings) -> Settings:
    """The settings of a checkpoint. Version 0.1 and 0.2 knew one data module, so they name none."""
    data = configuration["data"]
    if "init_args" in data:
        return configuration
    return {**configuration, "data": {"class_path": "data.datamodules.MovieLensDataModule", "init_args": data}}


def _found(content: Any, *keys: str) -> Any:
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content
