"""The house that docs/architecture.md draws: small modules, few of them in a folder, and imports one way alone."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from recsys.results.fingerprint import PACKAGES, ROOT, sources

MOST_MODULES = 12  # in a folder, __init__ not counted
MOST_LINES = 300  # in a module
FRAMEWORKS = {"torch", "pytorch_lightning", "lightning", "torchmetrics"}
BELOW_ARTEFACTS = {
    "data",
    "data.columns",
    "data.database",
    "data.database.connecting",
    "data.database.reading",
    "data.database.rows",
    "data.database.table",
    "data.errors",
    "data.ids",
    "recsys",
    "recsys.files",
    "recsys.freed_memory",
    "recsys.linalg",
    "recsys.linalg.pairwise_sum",
}
# What each package may import of the others.
ARROWS: dict[str, set[str]] = {
    "data": set(),
    "recsys": {"data"},
    "serving": {"recsys", "data"},  # of data what stands in BELOW_ARTEFACTS
    "synthetic": {"recsys"},
    "benchmarks": {"data", "recsys", "serving", "synthetic"},
}


@cache
def modules() -> dict[str, Path]:
    """Every module of the project, tests included, and its file; packages by the name of their folder."""
    return {_name(file): file for package in (*PACKAGES, "tests") for file in (ROOT / package).rglob("*.py")}


def _name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def imported_by(name: str) -> frozenset[str]:
    """What a module imports, anywhere in it: the module where there is one of that name, not the package around it."""
    return frozenset(_imports(ast.parse(modules()[name].read_bytes())))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from (each if each in modules() else node.module for each in full)


def tops(names: frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def test_no_folder_has_too_many_modules() -> None:
    counts = Counter(file.parent for file in modules().values() if file.name != "__init__.py")
    too_many = {str(folder.relative_to(ROOT)): count for folder, count in counts.items() if count > MOST_MODULES}
    assert len(counts) > len(PACKAGES)
    assert not too_many


def test_no_module_is_too_long() -> None:
    lengths = {name: len(file.read_text().splitlines()) for name, file in modules().items()}
    assert not {name: length for name, length in lengths.items() if length > MOST_LINES}


def test_imports_make_no_circle() -> None:
    graph = {name: imported_by(name) & modules().keys() for name in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"imports go round: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_no_more_of_the_others_than_the_architecture_shows(package: str) -> None:
    allowed = ARROWS[package] | {package}
    others = {
        f"{name} imports {imported}"
        for name in modules()
        if name.partition(".")[0] == package
        for imported in imported_by(name)
        if imported.partition(".")[0] in {*PACKAGES, "tests"} - allowed
    }
    assert not others


@pytest.mark.parametrize("package", ["serving", "recsys.artifact"])
def test_answers_need_neither_a_framework_nor_data_nor_models(package: str) -> None:
    needed = sources(*(name for name in modules() if f"{name}.".startswith(f"{package}.")))
    for name in needed:
        assert name.startswith(("serving", "recsys.artifact")) or name in BELOW_ARTEFACTS, name
        assert not tops(imported_by(name)) & FRAMEWORKS, name


def test_penalties_need_no_more_than_torch_and_numpy() -> None:
    needed = sources("recsys.penalties")
    third_party = {top for name in needed for top in tops(imported_by(name))} - sys.stdlib_module_names - {"recsys"}
    assert third_party == {"torch", "numpy", "typing_extensions"}  # torch needs the last itself
    assert not {name for name in needed if name.startswith(("data", "recsys.models"))}


def test_ratings_are_read_and_split_without_a_framework() -> None:
    with_one = {
        name for name in modules() if tops(frozenset({name})) == {"data"} and tops(imported_by(name)) & FRAMEWORKS
    }
    assert with_one == {"data.datamodules.base"}


@pytest.mark.parametrize(
    ("room", "above"),
    [
        ("recsys.linalg", ("recsys.models", "recsys.penalties", "recsys.posterior", "recsys.command", "data")),
        ("recsys.penalties", ("recsys.models", "recsys.posterior", "recsys.command", "data")),
        ("recsys.posterior", ("recsys.models", "recsys.command")),
        ("recsys.models", ("recsys.command",)),
    ],
)
def test_a_room_needs_nothing_of_those_that_stand_on_it(room: str, above: tuple[str, ...]) -> None:
    needed = sources(*(name for name in modules() if f"{name}.".startswith(f"{room}.")))
    assert len(needed) > 1
    assert not {name for name in needed if any(f"{name}.".startswith(f"{each}.") for each in above)}
