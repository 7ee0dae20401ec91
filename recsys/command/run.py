"""What a run is called, and what it leaves where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SELECTION, REFIT = "selection", "refit"  # the stages of a fit


@dataclass
class Run:
    """What a run is called, and what it leaves where.

    Args:
        name: name of the run; checkpoints and logs go into folders of this name, and the artefact says it. {recipe}
            stands for the name of the first --config file (without one, base), {split} for --data.split.
        artifacts: folder for exported artefacts; artifacts/latest is the one that a server answers from.
        checkpoints: folder for checkpoints, NAME/selection.ckpt and NAME/refit.ckpt.
        checkpoint_every: epochs between checkpoints; the last epoch is always kept.
        predictions: file that `recsys predict` writes, with user_id, item_id, timestamp, rating and predicted.
        test: predict the test ratings at the end of a fit; false leaves them alone, as a search for settings must.
        publish: let artifacts/latest point at the new artefact; `recsys publish ARTEFACT` does so later.
        keep: artefacts that stay in their folder, where older ones are removed but never artifacts/latest; null keeps
            all.
    """

    name: str = "{recipe}-{split}"
    artifacts: Path = Path("artifacts")
    checkpoints: Path = Path("checkpoints")
    checkpoint_every: int = 50
    predictions: Path = Path("predictions.csv")
    test: bool = True
    publish: bool = True
    keep: int | None = 5  # a few to go back to; one of MovieLens-100K takes 8 MB

    def __post_init__(self) -> None:
        if self.keep is not None and self.keep < 1:
            raise ValueError(f"--run.keep must be at least 1, or null to keep all artefacts, not {self.keep}")

    def checkpoint(self, stage: str) -> Path:
        """Where the checkpoint of a stage is."""
        return self.checkpoints / self.name / f"{stage}.ckpt"


@contextmanager
def leaving_nothing() -> Iterator[list[str]]:
    """Options of a fit that leaves nothing behind: no log, and what it writes is gone afterwards."""
    with TemporaryDirectory() as folder:
        yield [
            f"--run.artifacts={folder}/artifacts",
            f"--run.checkpoints={folder}/checkpoints",
            "--trainer.logger=false",
        ]
