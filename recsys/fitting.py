"""Fit a recipe to ratings from Python: what `recsys fit` does, with tables in memory and a model in memory."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.feather
from typing_extensions import override

from data.errors import OptionError
from data.movielens import catalogue
from data.prepared import is_prepared
from data.tables.formats.typed import MemoryTable
from recsys import artifact
from recsys.artifact import Artifact
from recsys.command import cross_validation, lightning_command
from recsys.command.cli import RecsysCLI
from recsys.command.cross_validation import CrossValidation
from recsys.command.run import leaving_nothing
from recsys.models import RatingModel


def fit(
    ratings: Any,
    recipe: str = "best-ratings",
    *,
    test: Any = None,
    items: Any = None,
    users: Any = None,
    columns: Mapping[str, str] | None = None,
    scale: str | Sequence[float] | None = None,
    duplicates: str = "refuse",
    split: str | float = "all",
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Artifact:
    """Fit a recipe and return the model; `Artifact.save` writes it for a server.

    All ratings are trained on, unless `test` or `split` keeps some apart; `manifest.metrics` has the errors on those.

    Args:
        ratings: a file, a folder of parts or of prepared ratings, a table of pandas, polars or Arrow, or a MovieLens
            data set, such as "100k".
        recipe: a committed recipe, such as "best-ratings" or "lnn-adam-ratio", or a configuration file.
        test: ratings to test on, likewise.
        items: a table of items by id, with any other columns.
        users: a table of users by id, with any other columns.
        columns: names of the columns by role: user, item, rating, time; recognised if not given.
        scale: least and greatest rating and perhaps the step; as the ratings show it if not given.
        duplicates: refuse pairs that are rated twice, or keep the "first", the "last" or the "mean".
        split: a split of `recsys fit`, such as 0.9 or "time-0.9"; "all" leaves nothing to test on.
        seed: of the split, the start and the sampler.
        options: any other options of `recsys fit` by name, such as {"model.dimension": 20}.

    Raises:
        DataError: the ratings cannot be read; the message says where and what to do.
        CommandError, SettingsError: settings are unknown, or do not go together.
    """
    data = {
        "ratings": ratings,
        "test": test,
        "items": items,
        "users": users,
        "columns": columns,
        "scale": scale,
        "duplicates": None if duplicates == "refuse" else duplicates,  # MovieLens has none
        "split": split,
        "seed": seed,
    }
    with arguments(data, recipe, seed, options or {}) as given, _quietly():
        fitted = lightning_command.run(["fit", *given], command_line=InMemory)
    assert isinstance(fitted, InMemory)
    return fitted.artifact


def cross_validate(
    ratings: Any,
    recipe: str = "best-ratings",
    folds: int = 5,
    *,
    items: Any = None,
    users: Any = None,
    columns: Mapping[str, str] | None = None,
    scale: str | Sequence[float] | None = None,
    duplicates: str = "refuse",
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> CrossValidation:
    """Fit a recipe on every fold but one, in turn, and test it on that one.

    Args:
        ratings: as in `fit`, like all that is not said here.
        recipe: a committed recipe or a configuration file.
        folds: number of folds, 2 or more.
        items: a table of items.
        users: a table of users.
        columns: names of the columns by role.
        scale: least and greatest rating and perhaps the step.
        duplicates: what to do about pairs that are rated twice.
        seed: of the folds, the start and the sampler.
        options: any other options of `recsys fit`.

    Raises:
        DataError, CommandError, SettingsError: as `fit`.
    """
    data = {
        "ratings": ratings,
        "items": items,
        "users": users,
        "columns": columns,
        "scale": scale,
        "duplicates": None if duplicates == "refuse" else duplicates,
        "seed": seed,
    }
    with arguments(data, recipe, seed, options or {}) as given, _quietly():
        results = list(cross_validation.cross_validate(given, folds))
    return CrossValidation(results[0][0], tuple(metrics for _, metrics in results))


class InMemory(RecsysCLI):
    """A fit that leaves its model in `artifact`, and no files."""

    artifact: Artifact

    @override
    def fit(self, model: RatingModel, datamodule: Any, **options: Any) -> None:
        """Fit as the command does, and load what it exports."""
        with self.saying_how_to_go_on():
            folder = self.export(self.train(model, datamodule, **options))
        assert folder is not None  # of one process
        self.artifact = artifact.load(folder)

    @override
    def way_on(self) -> str:
        """Say that there is none."""
        return "Nothing of it is kept: start anew."


@contextlib.contextmanager
def arguments(data: Mapping[str, Any], recipe: str, seed: int, options: Mapping[str, Any]) -> Iterator[list[str]]:
    """The arguments of `recsys fit` for a data module's arguments, in which tables in memory are files for a while.

    The command leaves nothing, unless an option says otherwise.
    """
    with TemporaryDirectory() as folder, leaving_nothing() as nothing_left:
        given = {name: _stored(value, Path(folder) / f"{name}.feather") for name, value in data.items()}
        if given["ratings"] in (data_set.name for data_set in catalogue.CATALOGUE):
            given["name"] = given.pop("ratings")
            source = "MovieLensDataModule"
            _require_none("MovieLens has its", given, ("name", *_DIVISION, "path", "cache"))
        elif isinstance(given["ratings"], str | Path) and is_prepared(Path(given["ratings"])):
            given["folder"] = given.pop("ratings")
            source = "PreparedDataModule"
            _require_none("prepared ratings have their", given, ("folder", *_DIVISION))
        else:
            source = "TableDataModule"
        yield [
            *("--config", recipe, "--data", source),
            *(f"--data.{name}={_written(value)}" for name, value in given.items() if value is not None),
            f"--seed_everything={seed}",
            *nothing_left,
            *(f"--{name}={_written(value)}" for name, value in options.items()),
        ]


_DIVISION = ("split", "seed", "validation", "batch_size")


def _require_none(whose: str, given: Mapping[str, Any], allowed: Sequence[str]) -> None:
    """Check that no argument is given but these."""
    if needless := [name for name, value in given.items() if value is not None and name not in allowed]:
        raise OptionError(f"{whose} own {', '.join(needless)}: leave them out")


def _stored(value: Any, file: Path) -> Any:
    """A table in memory as the path of a file; anything else as it is."""
    if value is None or isinstance(value, str | Path | int | float | list | tuple) or file.stem in ("columns", "scale"):
        return value
    try:
        table = MemoryTable(value)
    except OptionError as cause:
        kind = type(value).__name__
        raise OptionError(f"{file.stem} are a path or a table of pandas, polars or Arrow, not a {kind}") from cause
    pa.feather.write_feather(table.read_whole(0), str(file))
    return str(file)


def _written(value: Any) -> str:
    """A value as the command line reads it."""
    return str(value) if isinstance(value, str | Path) else json.dumps(value)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what the command prints for a person; it is in the model's manifest."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
