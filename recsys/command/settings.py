"""The settings of a fit: which of them decide what comes out, and which of them keep it from being finished."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

Settings = dict[str, Any]  # by section, plain values only

# What does not decide what is trained. Everything else does, also what a later version adds.
FREE = frozenset(
    {
        # how the command was called
        "ckpt_path",
        "weights_only",
        # where data lie, which are compared by their hash
        "data.init_args.path",
        "data.init_args.cache",
        # where results go, how they are called, and what is done with them
        "run.name",
        "run.artifacts",
        "run.checkpoints",
        "run.checkpoint_every",
        "run.predictions",
        "run.test",
        "run.publish",
        "run.keep",
        # what is shown, logged or rehearsed
        "trainer.logger",
        "trainer.log_every_n_steps",
        "trainer.enable_progress_bar",
        "trainer.enable_model_summary",
        "trainer.enable_autolog_hparams",
        "trainer.num_sanity_val_steps",
        "trainer.profiler",
        "trainer.detect_anomaly",
        "trainer.default_root_dir",
        "trainer.model_registry",
        # which processors add, so how sums are rounded
        "trainer.accelerator",
        "trainer.devices",
        "trainer.num_nodes",
        "trainer.strategy",
    }
)
# Files of ratings and tables, which are compared by their hash. They are needed to train again.
FILES = frozenset({f"data.init_args.{name}" for name in ("ratings", "test", "users", "items")})
# Settings of the trainer that end a fit early or hold ratings back, with their values that do not, as they are printed:
# 1.0 are all batches, 1 is one.
LIMITS = {
    "fast_dev_run": ("False", "None", "0"),
    "limit_train_batches": ("None", "1.0"),
    "limit_val_batches": ("None", "1.0"),
    "limit_test_batches": ("None", "1.0"),
    "overfit_batches": ("None", "0.0", "0"),
    "max_steps": ("None", "-1"),
    "max_time": ("None",),
}


def deciding(configuration: Settings) -> Settings:
    """The settings that decide what is trained, by section, without paths of this machine."""
    kept = {section: _without_free(section, content) for section, content in configuration.items()}
    return {section: content for section, content in kept.items() if section not in FREE and content != {}}


def _without_free(name: str, value: Any) -> Any:
    """What decides of a section, or of a part of it, without paths of this machine."""
    if not isinstance(value, dict):
        return _portable(value)
    inner = {key: (f"{name}.{key}", content) for key, content in value.items()}
    return {key: _without_free(*named) for key, named in inner.items() if named[0] not in FREE}


def limits(configuration: Settings) -> list[str]:
    """Settings that make an unfinished model, such as "trainer.max_steps 10"; none for a whole fit."""
    trainer = configuration["trainer"]
    limiting = [name for name, harmless in LIMITS.items() if str(trainer[name]) not in harmless]
    return [f"trainer.{name} {trainer[name]}" for name in limiting]


def differences(trained: Settings, asked: Settings, free: Collection[str] = ()) -> list[str]:
    """Lines "section.name: X in the checkpoint, Y asked for" for what is not the same.

    `free` names what may differ beside `FILES`.
    """
    return [
        f"{name}: {one} in the checkpoint, {other} asked for"
        for name, one, other in _differing(trained, asked)
        if name not in FILES and name not in FREE and name not in free  # as older checkpoints say more
    ]


def _differing(trained: Any, asked: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    if not (isinstance(trained, dict) and isinstance(asked, dict)):
        if trained != asked:
            yield name, _shown(trained), _shown(asked)
    elif trained.get("class_path") != asked.get("class_path"):  # whose arguments cannot be compared
        yield name, _shown(trained), _shown(asked)
    else:
        for key in sorted(trained.keys() | asked.keys()):
            inner = f"{name}.{key}" if name else key
            if key in trained and key in asked:
                yield from _differing(trained[key], asked[key], inner)
            else:
                one, other = (_shown(side[key]) if key in side else "nothing" for side in (trained, asked))
                yield inner, one, other


def _shown(value: Any) -> str:
    """A setting as a person would give it: of an object, the class alone."""
    if isinstance(value, dict) and "class_path" in value:
        return str(value["class_path"])
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        return f"[{', '.join(map(_shown, value))}]"
    return repr(value)


def _portable(value: Any) -> Any:
    """The value, with the last part alone of each absolute path in it, such as one that a callback writes to."""
    if isinstance(value, dict):
        return {name: _portable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_portable(inner) for inner in value]
    if isinstance(value, str) and Path(value).is_absolute():
        return Path(value).name
    return value
