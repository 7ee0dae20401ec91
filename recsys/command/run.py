"""What a run is called, and where it leaves its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SELECTION, REFIT = "selection", "refit"  # the stages of a fit


@dataclass
class Run:
    """What a run is called and where it leaves its files.

    Args:
        name: name of the recipe; checkpoints and logs go into folders of this name.
        paper_rmse: the paper's test RMSE for this recipe, printed beside the one measured.
        artifacts: folder for exported artefacts; the newest is always artifacts/latest.
        checkpoints: folder for checkpoints, NAME/selection.ckpt and NAME/refit.ckpt.
        checkpoint_every: epochs between checkpoints; the last epoch is always kept.
        predictions: file that `recsys predict` writes, with user_id, item_id, timestamp, rating and predicted.
    """

    name: str = "unnamed"
    paper_rmse: float | None = None
    artifacts: Path = Path("artifacts")
    checkpoints: Path = Path("checkpoints")
    checkpoint_every: int = 50
    predictions: Path = Path("predictions.csv")
