"""Matrix completion for ratings with the ratio penalty ‖W‖_* / ‖W‖_F under Adam.

`recsys.fit` and `recsys.cross_validate` stand in `recsys.fitting`. They are imported when they are asked for: a server
needs no torch, and what a result is made of does not grow by them (`recsys.results.fingerprint`).
"""

import os
from importlib import import_module
from typing import Any

__all__ = ["cross_validate", "fit"]

# Threads of a matrix product wait for each other in a loop that GNU OpenMP would leave after minutes. Where another
# process wants the same cores, such a step takes seconds instead of milliseconds; waiting 2000 rounds costs nothing.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")


def __getattr__(name: str) -> Any:
    """What `__all__` names."""
    if name in __all__:
        return getattr(import_module("recsys.fitting"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
