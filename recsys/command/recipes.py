"""The committed recipes, and which of them a run is of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

CONFIGS = Path(__file__).parents[1] / "configs"
BASE = CONFIGS / "base.yaml"  # what every recipe shares


def recipe_names() -> list[str]:
    """Names of the committed recipes, such as "lnn-adam-ratio"."""
    return sorted(file.stem for file in CONFIGS.glob("*.yaml") if file != BASE)


def with_recipe_files(arguments: Iterable[str]) -> list[str]:
    """The arguments of a command, with the committed file in the place of each recipe that `--config` names.

    A file that is called so in the working directory goes first.
    """
    known, found = recipe_names(), list(arguments)
    for place, argument in enumerate(found):
        option, equals, value = argument.rpartition("=")
        is_named = option == "--config" if equals else place > 0 and found[place - 1] == "--config"
        if is_named and value in known and not Path(value).exists():
            found[place] = f"{option}{equals}{CONFIGS / value}.yaml"
    return found


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
