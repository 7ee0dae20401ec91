"""Which values of which options `recsys tune` tries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from recsys.errors import CommandError

if TYPE_CHECKING:
    import optuna


@dataclass(frozen=True)
class SearchSpace:
    """A range or a list of values for each option of `recsys fit`."""

    content: Mapping[str, Any]
    """By option: {low, high, log} or a list, as the file has it."""

    def first(self) -> list[str]:
        """Each option with its first value, to see whether there is such an option."""
        return [
            _argument(option, values[0] if isinstance(values, list) else values["low"])
            for option, values in self.content.items()
        ]

    def suggested(self, trial: optuna.Trial) -> list[str]:
        """Each option with the value that a trial is to have."""
        return [_argument(option, self._suggest(trial, option, values)) for option, values in self.content.items()]

    def own(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The values that settings have already, as a trial's parameters; none if one lies outside of the search."""
        found: dict[str, Any] = {}
        for option, values in self.content.items():
            value = _at(settings, option)
            if isinstance(values, list):
                inside = value in values
            else:
                inside = isinstance(value, int | float) and values["low"] <= value <= values["high"]
            if not inside:
                return {}
            found[option] = json.dumps(value) if isinstance(values, list) else value
        return found

    def values(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a trial's parameters, by option."""
        return {
            option: json.loads(value) if isinstance(self.content[option], list) else value
            for option, value in parameters.items()
        }

    def shown(self, parameters: Mapping[str, Any]) -> str:
        """A trial's parameters as options, for a person."""
        return " ".join(f"--{option} {_short(value)}" for option, value in self.values(parameters).items())

    @staticmethod
    def _suggest(trial: optuna.Trial, option: str, values: Any) -> Any:
        if isinstance(values, list):  # Optuna takes plain values alone, so any are written as JSON
            return json.loads(trial.suggest_categorical(option, [json.dumps(value) for value in values]))
        low, high, log = values["low"], values["high"], values.get("log", False)
        if isinstance(low, int) and isinstance(high, int):
            return trial.suggest_int(option, low, high, log=log)
        return trial.suggest_float(option, low, high, log=log)


def read_search_space(file: Path) -> SearchSpace:
    """Read and check a YAML file.

    Raises:
        CommandError: it cannot be read, or an option has neither a range nor a list.
    """
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as cause:
        raise CommandError(f"--search {file} cannot be read: {cause}") from cause
    if not isinstance(content, dict) or not content:
        raise CommandError(
            f"--search {file} names no options; write such lines as model.dimension: {{low: 5, high: 9}}"
        )
    for option, values in content.items():
        if problem := _problem(values):
            raise CommandError(
                f"--search {file}: {option} {problem}; give a list of values, or a range such as "
                "{low: 0.01, high: 0.1, log: true}"
            )
    return SearchSpace(content)


def _problem(values: Any) -> str:
    """What is wrong with the values of an option; "" if nothing is."""
    if isinstance(values, list):
        return "" if values else "has an empty list"
    if not isinstance(values, dict) or not {"low", "high"} <= values.keys() <= {"low", "high", "log"}:
        return f"has {values!r:.60}"
    low, high = values["low"], values["high"]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high)) or not low <= high:
        return f"has the ends {low!r} and {high!r}"
    if values.get("log", False) and low <= 0:
        return f"has the end {low!r}, of which there is no logarithm"
    return ""


def in_place(settings: Mapping[str, Any], option: str) -> list[str]:
    """The keys that lead to an option in a configuration file, with `init_args` where settings name a class."""
    keys: list[str] = []
    place: Any = settings
    for name in option.replace("init_args.", "").split("."):
        if isinstance(place, Mapping) and "class_path" in place:
            keys.append("init_args")
            place = place.get("init_args") or {}
        keys.append(name)
        place = place.get(name) if isinstance(place, Mapping) else None
    return keys


def _at(settings: Mapping[str, Any], option: str) -> Any:
    place: Any = settings
    for key in in_place(settings, option):
        place = place.get(key) if isinstance(place, Mapping) else None
    return place


def _argument(option: str, value: Any) -> str:
    return f"--{option}={value if isinstance(value, str) else json.dumps(value)}"


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
