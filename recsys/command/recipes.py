"""The committed recipes, and which of them a run is of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

CONFIGS = Path(__file__).parents[1] / "configs"
BASE = CONFIGS / "base.yaml"  # what every recipe shares


def recipe_names() -> list[str]:
    """Names of the committed recipes, such as "lnn-adam-ratio"."""
    return sorted(file.stem for file in CONFIGS.glob("*.yaml") if file != BASE)


def recipe_of(configs: Iterable[object]) -> str:
    """Name of the recipe that a command was given.

    Args:
        configs: the values of `--config`: paths, or what has none: None for text, "-" for standard input.

    Returns:
        The name of the first file without its ending, since later files change what it says; "base" if there is none.
    """
    files = (Path(str(config)) for config in configs if str(config) not in ("None", "-"))
    return next((file.stem for file in files), BASE.stem)


def run_name(template: str, recipe: str, split: str) -> str:
    """The name of a run: `template` with the recipe in the place of "{recipe}", and the split in that of "{split}"."""
    return template.replace("{recipe}", recipe).replace("{split}", split)
