"""The committed recipes, and which of them a run is of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

CONFIGS = Path(__file__).parents[1] / "configs"
BASE = CONFIGS / "base.yaml"  # what every recipe shares


def recipe_names() -> list[str]:
    """Names of the committed recipes, such as "lnn-adam-ratio"."""
    return sorted(file.stem for file in CONFIGS.glob("*.yaml") if file != BASE)


def with_recipe_files(arguments: Iterable[str]) -> list[str]:
    """The arguments of a command, with the committed file in the place of each recipe that `--config` names."""
    found = list(arguments)
    for place, argument in enumerate(found):
        option, equals, value = argument.rpartition("=")
        if option == "--config" if equals else place > 0 and found[place - 1] == "--config":
            found[place] = f"{option}{equals}{_recipe_file(value)}"
    return found


def recipe_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that stand for `--config` of a subcommand and name a recipe, with its committed file."""
    variables = {name: value for name, value in environment.items() if re.fullmatch(r"RECSYS_[A-Z]+__CONFIG", name)}
    return {name: file for name, value in variables.items() if (file := _recipe_file(value)) != value}


def _recipe_file(value: str) -> str:
    """The committed file of a recipe; a file that is called so in the working directory goes first."""
    return f"{CONFIGS / value}.yaml" if value in recipe_names() and not Path(value).exists() else value


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
