"""Options that several subcommands have, under the names that `recsys fit` gives them as well."""

from __future__ import annotations

import argparse
from pathlib import Path

ARTEFACT = Path("artifacts/latest")


def add_artifact(parser: argparse.ArgumentParser) -> None:
    """Let the artefact be named."""
    parser.add_argument(
        "--artifact",
        type=Path,
        default=ARTEFACT,
        metavar="FOLDER",
        help=f"the artefact that answers, such as {ARTEFACT}, which is taken if none is given",
    )


def add_output(parser: argparse.ArgumentParser, default: str) -> None:
    """Let the file be named that is written."""
    parser.add_argument(
        "--output",
        type=Path,
        default=Path(default),
        metavar="FILE",
        help=f"what to write: .csv, .tsv, .parquet or .jsonl; {default} if not given",
    )


def add_columns(parser: argparse.ArgumentParser, *roles: str) -> None:
    """Let the columns be named that have these roles."""
    for role in roles:
        parser.add_argument(
            f"--columns.{role}",
            f"--data.columns.{role}",
            dest=f"columns.{role}",
            metavar="NAME",
            help=f"the column of {_MEANING[role]}, where it is not recognised; in a text without names, its place "
            "from 1 on",
        )


def add_scale(parser: argparse.ArgumentParser) -> None:
    """Let the scale of ratings be given."""
    parser.add_argument(
        "--scale",
        "--data.scale",
        dest="scale",
        metavar="LEAST,GREATEST[,STEP]",
        help="the scale, such as 1,10; as the ratings show it if not given",
    )


_MEANING = {
    "user": "user ids",
    "item": "item ids",
    "rating": "ratings",
    "time": "times; '' for no times",
}


def columns_of(given: argparse.Namespace) -> dict[str, str]:
    """The columns that were named, by role."""
    named = {name.removeprefix("columns."): value for name, value in vars(given).items() if name.startswith("columns.")}
    return {role: name for role, name in named.items() if name is not None}
