"""Variables of the environment that set an argument of a class, such as RECSYS_FIT__DATA__SEED.

jsonargparse reads a variable for each option that it lists; the arguments of a class that is itself chosen it does not.
"""

from __future__ import annotations

from collections.abc import Mapping

_SECTIONS = ("data", "model", "optimizer", "lr_scheduler")  # of which a class is chosen


def with_environment(arguments: list[str], environment: Mapping[str, str]) -> list[str]:
    """The arguments of a command with an option before all others for each variable that sets one of a class.

    Args:
        arguments: of the command, its subcommand first.
        environment: such as os.environ; RECSYS_FIT__DATA__SEED=3 gives `--data.seed=3` to `fit`.
    """
    if not arguments:
        return []
    subcommand, *others = arguments
    options = []
    for name, value in environment.items():
        prefix, *path = name.split("__")
        if prefix == f"RECSYS_{subcommand.upper()}" and len(path) > 1 and path[0].lower() in _SECTIONS:
            options.append(f"--{'.'.join(path).lower()}={value}")
    return [subcommand, *options, *others]
