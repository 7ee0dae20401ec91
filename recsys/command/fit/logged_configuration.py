"""What a fit was asked for, beside its logs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import yaml
from pytorch_lightning.callbacks import Callback
from typing_extensions import override

from recsys.files import write_atomically

_HEADER = "# What `recsys fit` was asked for, with all defaults; written by it.\n"


class LoggedConfiguration(Callback):
    """Leaves config.yaml in the folder of each logger that has one, but not in the place of somebody else's file."""

    def __init__(self, configuration: Mapping[str, Any]) -> None:
        """Set what a fit was asked for, by section."""
        self._text = (_HEADER + yaml.safe_dump(dict(configuration), sort_keys=False, allow_unicode=True)).encode()

    @override
    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        if stage != "fit" or not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            if logger.log_dir is not None:
                path = Path(logger.log_dir, "config.yaml")
                if not path.exists() or path.read_bytes().startswith(_HEADER.encode()):
                    write_atomically(path, self._text)
