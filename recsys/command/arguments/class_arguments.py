"""The arguments of the classes that a configuration names: none is null or outside of the numbers that the class takes.

jsonargparse checks the types of values, but lets null stand for any of them. A class refuses a number only when it is
made, in words that do not know of options.
"""

from __future__ import annotations

import importlib
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from torch import Tensor
from torch.optim import Optimizer

from recsys.command.arguments.conditions import Settings, listed
from recsys.command.arguments.messages import kind, shown
from recsys.command.fit.selection import EpochSelection
from recsys.command.run import Run

FROM_DATA = ("n_users", "n_items", "rating_scale")  # arguments of a model that no configuration gives

_SECTIONS: Mapping[str, type] = {"run": Run, "selection": EpochSelection}


def misfits(settings: Settings) -> list[str]:
    """A line for each argument that is null and must not be, or a number that its optimiser does not take."""
    return [line for option, of, given in _classes(settings) for line in _of_class(option, of, given)]


def _classes(settings: Settings) -> Iterator[tuple[str, type, Mapping[str, Any]]]:
    """Every class of a configuration: the option that its arguments are behind, itself, and its arguments."""
    for section, value in settings.items():
        if section in _SECTIONS:
            yield section, _SECTIONS[section], value
        yield from _named(section, value)


def _named(option: str, value: Any) -> Iterator[tuple[str, type, Mapping[str, Any]]]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _named(option, each)
    if isinstance(value, Mapping):
        if "class_path" in value:
            module, _, name = value["class_path"].rpartition(".")
            yield option, getattr(importlib.import_module(module), name), value.get("init_args") or {}
        for name, inner in value.items():
            yield from _named(option if name == "init_args" else f"{option}.{name}", inner)


def _of_class(option: str, of: type, given: Mapping[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        if name in FROM_DATA:
            continue
        expected = ""
        if value is None:
            expected = _instead_of_null(of, name)
        elif issubclass(of, Optimizer):
            allowed, words = _NUMBERS.get(name, _FINITE)
            numbers = [number for number in listed(value) if isinstance(number, int | float)]
            expected = "" if all(map(math.isfinite, numbers)) and allowed(numbers) else words
        if expected:
            yield f"--{option}.{name}: expected {expected}, not {shown(value)}."


def _instead_of_null(of: type, name: str) -> str:
    """What an argument of a class takes, in words; "" if that is null, or if nothing is known of it."""
    parameter = inspect.signature(of).parameters.get(name)
    if parameter is None or parameter.default is None:
        return ""
    annotated = _types(of).get(name, Any)
    if annotated is Any or NoneType in get_args(annotated):
        return ""
    return _words(annotated)


def _types(of: type) -> dict[str, Any]:
    try:
        return get_type_hints(inspect.unwrap(of.__init__))  # type: ignore[misc]  # of a class, not of an object
    except NameError:  # of a type that is there for type checkers alone
        return {}


def _words(annotated: Any) -> str:
    """A type in words, without what a configuration cannot hold."""
    origin = get_origin(annotated)
    if origin is Literal:
        return " or ".join(map(str, get_args(annotated)))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_words(each) for each in get_args(annotated) if each is not Tensor))
    return kind(str(origin or annotated), otherwise=f"a {getattr(annotated, '__name__', annotated)}")


def _each(allowed: Callable[[float], bool]) -> Callable[[list[float]], bool]:
    return lambda numbers: all(map(allowed, numbers))


_FINITE = (_each(math.isfinite), "a finite number")
_NOT_NEGATIVE = (_each(lambda number: number >= 0), "0 or more")
# What the optimisers of torch.optim take, by the name of the argument.
_NUMBERS: Mapping[str, tuple[Callable[[list[float]], bool], str]] = {
    **dict.fromkeys(("lr", "eps", "weight_decay", "momentum", "alpha", "lr_decay", "momentum_decay"), _NOT_NEGATIVE),
    "initial_accumulator_value": _NOT_NEGATIVE,
    "betas": (_each(lambda number: 0 <= number < 1), "numbers of 0 or more that are less than 1"),
    "rho": (_each(lambda number: 0 <= number <= 1), "a number from 0 to 1"),
    "beta2_decay": (_each(lambda number: number <= 0), "0 or less"),
    "d": (_each(lambda number: number >= 1), "1 or more"),
    "etas": (lambda numbers: 0 < numbers[0] < 1 < numbers[1], "a number between 0 and 1 and one above 1"),
}
