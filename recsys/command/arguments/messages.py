"""Says in one line what jsonargparse says in many: which option was given what, and what it takes.

jsonargparse tries the parts of a type such as `int | None` one after another, and reports them all with their failures,
their names and the whole value; for a nested class once more around that. What a user can act on is one line in it.
"""

from __future__ import annotations

import importlib
import inspect
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from recsys.command.recipes import CONFIGS, recipe_names

_A_CLASS = "the name of a class"
_UNION = "Does not validate against any of the Union subtypes"
_KINDS = {
    "<class 'int'>": "a whole number",
    "<class 'float'>": "a number",
    "<class 'bool'>": "true or false",
    "<class 'str'>": "text",
    "<class 'list'>": "a list",
    "<class 'tuple'>": "a list",
    str(Path): "a path",  # whose module is another one in Python 3.13
    "<class 'NoneType'>": "null",
}


def one_line(message: str, options: Iterable[str] = ()) -> str:
    """What a message of jsonargparse comes to; `options` are those of the command, of which the nearest is offered."""
    if found := re.fullmatch(r"unrecognized arguments: (.*)", message, re.DOTALL):
        given = found[1].split()[0]
        return f"there is no option {given}{_near(given.partition('=')[0], options)}"
    if found := re.fullmatch(r"Subcommand '(\w+)' does not accept option '(.*)'", message):
        return f"there is no option {found[2]}{_near('--' + found[2], options)}"
    problem = _read(message)
    if problem.option == "config" and (
        found := re.fullmatch(r"(File does not exist|Path is not a file): '(.*)'", problem.text)
    ):
        return f"--config: there is no file {found[2]}; the recipes in {CONFIGS} are {', '.join(recipe_names())}"
    option = problem.option.replace("init_args.", "")  # which may be left out, and mostly is
    return f"--{option}: {problem.text}" if option else problem.text


def file_problem(error: OSError, otherwise: str = "a file") -> str:
    """Which file could not be read or written, and why; `otherwise` is told of errors that do not know of a file.

    Who cleans up after a full disk may meet it once more, so the errors before this one are asked, too.
    """
    named: BaseException | None = error
    while named is not None and getattr(named, "filename", None) is None:
        named = named.__context__
    return f"{named.filename if isinstance(named, OSError) else otherwise}: {error.strerror or error}"


@dataclass
class _Problem:
    """What is wrong with an option, "" for that of the one around it."""

    text: str
    option: str = ""
    expected: str = ""
    """What the option takes, if all that is wrong is the kind of value."""


def _read(message: str) -> _Problem:
    message = textwrap.dedent(message).strip("\n")
    if found := re.match(r'Parser key "(.*?)":\s*', message):
        inner = _read(_indented(message, found.end()))
        return _Problem(inner.text, found[1] + (f".{inner.option}" if inner.option else ""), inner.expected)
    if found := re.match(r"Problem with given class_path '(.*?)':\s*", message):
        inner = _read(_indented(message, found.end()))
        if unknown := re.fullmatch(r"Option '(.*)' is not accepted", inner.text):
            return _Problem(_no_argument(found[1], unknown[1]))
        return _Problem(inner.text, f"init_args.{inner.option}" if inner.option else "", inner.expected)
    if message.startswith("- "):  # a path to a file, or else a value
        return _read(_items(message)[-1])
    if message.startswith(_UNION):
        return _problem_from_union(message)
    if found := re.fullmatch(r"Expected an? (.*?)(\. Got value: (?P<value>.*))?", message, re.DOTALL):
        expected = kind(found[1])
        value = f", not {'null' if found['value'] == 'None' else found['value']}" if found["value"] else ""
        return _Problem(f"expected {expected}{value}", expected=expected)
    if found := re.match(r"Not a valid subclass of \w+(?:\. Got value: (?P<value>.*))?\n", message):
        return _Problem(f"expected {_A_CLASS}, not {found['value']}", expected=_A_CLASS)
    return _Problem(message)


def _problem_from_union(message: str) -> _Problem:
    """The one part of a union that says more than which kind it is, or else all kinds in one line."""
    head, _, rest = message.partition("\nErrors:\n")
    items, _, value = textwrap.dedent(rest).partition("\nGiven value type: ")
    value = value.partition("\nGiven value: ")[2]
    parts = _items(items)
    problems = [_read(part) for part in parts]
    telling = [problem for problem in problems if not problem.expected or problem.option]
    kinds = [problem.expected for problem in problems if problem.expected in (*_KINDS.values(), *_literals(head))]
    if classes := [] if "a number" in kinds else _classes(head):
        for part in parts:
            if found := re.fullmatch(r"Expected a dot import path string: (.*)", part):
                return _Problem(_no_class(classes, found[1]))
            if part.endswith(" is abstract"):
                return _Problem(f"name its class first; there is {', '.join(_names(classes))}")
    if telling:
        return telling[0]
    if any(problem.expected == _A_CLASS for problem in problems):
        return _Problem(f"expected {_A_CLASS}, not {value}{_near(value, _names(classes))}")
    expected = " or ".join([", ".join(kinds[:-1])] * (len(kinds) > 1) + kinds[-1:])
    return _Problem(f"expected {expected}, not {value}", expected=expected)


def _items(text: str) -> list[str]:
    """The texts behind the hyphens of a list."""
    return [
        re.sub(r"\n  ", "\n", item).rstrip() for item in re.split(r"^- ", textwrap.dedent(text), flags=re.MULTILINE)[1:]
    ]


def _indented(message: str, start: int) -> str:
    """What follows a headline, whose first line has lost its indentation to it."""
    return textwrap.dedent(message[message.rfind("\n", 0, start) + 1 :]) if "\n" in message[:start] else message[start:]


def kind(name: str, otherwise: str = "") -> str:
    """What is meant by the name of a type in words; if there are none, what it is `otherwise`, or else its name."""
    return _KINDS.get(name) or next(iter(_literals(name)), otherwise or name)


def shown(value: object) -> str:
    """A value as a person would give it: of an object its class, and quotes where nothing would be seen."""
    if isinstance(value, bool | None):
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, Mapping) and "class_path" in value:
        return str(value["class_path"]).rpartition(".")[2]
    text = str(value)
    return text if text.isprintable() and text.strip() else repr(text)


def _literals(text: str) -> list[str]:
    """The values of each typing.Literal in a text."""
    return re.findall(r"typing\.Literal\[(.*?)\]", text)


def _no_argument(class_path: str, given: str) -> str:
    names = list(inspect.signature(_imported(class_path)).parameters)
    return f"{class_path.rpartition('.')[2]} has no argument {given}{_near(given, names)}"


def _no_class(bases: list[type], given: str) -> str:
    return f"there is no {bases[0].__name__} called {given}{_near(given, _names(bases))}"


def _classes(head: str) -> list[type]:
    """The classes in a union and in its lists, such as RatingModel; built-in ones have no module before their name."""
    named = dict.fromkeys(re.findall(r"\b[a-z_][\w.]*\.[A-Z]\w*", head))
    return [found for path in named if isinstance(found := _imported(path), type)]  # typing.Union is none


def _names(bases: list[type]) -> list[str]:
    """The names of the classes that can be given where one of `bases` is expected."""
    derived = {each for base in bases for each in _derived(base)} - {bases[0]}
    return sorted(each.__name__ for each in derived if not inspect.isabstract(each))


def _derived(base: type) -> set[type]:
    found: set[type] = {base}
    children: Sequence[type] = base.__subclasses__()
    for child in children:
        if not child.__name__.startswith("_"):
            found |= _derived(child)
    return found


def _imported(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _near(given: str, known: Iterable[str]) -> str:
    """The names that may have been meant, or else all if they are few."""
    names = sorted(set(known))
    near = [name for name in names if name.startswith(given)] or get_close_matches(given, names, n=3)
    if near:
        return f"; did you mean {' or '.join(near[:3])}?"
    return f"; there is {', '.join(names)}" if 0 < len(names) <= 16 else ""
