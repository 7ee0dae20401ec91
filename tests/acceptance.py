"""Other projects' clients and tools, which only the extra `acceptance` brings."""

from __future__ import annotations

import importlib
import os
import warnings
from typing import Any

import pytest


def needed(module: str) -> Any:
    """Import a module; where it is missing the test is skipped, or fails if CI is set, where it must be there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what others do when they are imported is their own business
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        reason = f"{error.name} is missing; make extras brings it"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
