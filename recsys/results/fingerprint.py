"""What a measured result depends on, as one hash, so that a result of other code or settings never passes for it."""

from __future__ import annotations

import ast
import hashlib
import json
import platform
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PACKAGES = ("recsys", "data", "serving", "synthetic", "benchmarks")
# Libraries that compute, by the name they are imported under, and the distribution they come from.
LIBRARIES = {
    "implicit": "implicit",
    "myfm": "myfm",
    "numpy": "numpy",
    "pandas": "pandas",
    "pytorch_lightning": "pytorch-lightning",
    "scipy": "scipy",
    "surprise": "scikit-surprise",
    "torch": "torch",
    "torchmetrics": "torchmetrics",
}


def fingerprint(configuration: object, code: str) -> str:
    """Sixteen hexadecimal digits for a result of a configuration, which is plain JSON, and of some `code_of` modules.

    What a configuration leaves to defaults is in the code.
    """
    made_of = {"configuration": configuration, "code": code}
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:16]


def code_of(*modules: str) -> str:
    """A hash of what modules run.

    It is made of their sources as they now are, those of all that they import from this project, and the versions of
    Python and of the `LIBRARIES` that any of them imports. Comments, docstrings and formatting count for nothing.

    Raises:
        FileNotFoundError: there is no such module in this project.
    """
    digest = hashlib.sha256(platform.python_version().encode())
    libraries = set()
    for name, file in sorted(sources(*modules).items()):
        syntax, imported = _parsed(file.read_bytes())
        digest.update(f"{name}\n{syntax}\n".encode())
        libraries |= LIBRARIES.keys() & {each.split(".")[0] for each in imported}
    for library in sorted(libraries):
        digest.update(f"{library} {_version(library)}\n".encode())
    return digest.hexdigest()


def kept(file: Path, wanted: str) -> dict[str, Any] | None:
    """The result in a JSON file, if its "fingerprint" is the one wanted; None if there is none, or none that is whole.

    Raises:
        OSError: the file is there and cannot be read.
    """
    try:
        content = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("fingerprint") == wanted else None


def sources(*modules: str) -> dict[str, Path]:
    """The files of modules and of everything that they import from this project, wherever in them they do, by name.

    Raises:
        FileNotFoundError: there is no such module in this project.
    """
    found: dict[str, Path] = {}
    waiting = [*modules]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        if (file := _file(name)) is None:
            raise FileNotFoundError(f"there is no module {name} in {ROOT}")
        found[name] = file
        imported = {*_parsed(file.read_bytes())[1], name.rpartition(".")[0]}  # a module's package is run before it
        waiting += [other for other in imported if other.split(".")[0] in PACKAGES and _file(other) is not None]
    return found


@cache
def _parsed(source: bytes) -> tuple[str, frozenset[str]]:
    """The syntax tree of a source without docstrings, as a text, and the names of all that it imports."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name, statements in ast.iter_fields(node):
            if isinstance(statements, list):
                setattr(node, name, [each for each in statements if not _is_text(each)])
    return ast.dump(tree), frozenset(_imports(tree))


def _is_text(node: object) -> bool:
    """Whether it is a statement that is nothing but a text, such as a docstring."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imports(tree: ast.Module) -> Iterator[str]:
    """Names of what is imported; of `from a import b` both a and a.b, since b may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path | None:
    place = ROOT.joinpath(*module.split("."))
    candidates = (place / "__init__.py", place.with_suffix(".py"))
    return next((file for file in candidates if file.is_file()), None)


def _version(library: str) -> str | None:
    try:
        return version(LIBRARIES[library])
    except PackageNotFoundError:
        return None
