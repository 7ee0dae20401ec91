"""Where a command is to leave results: refused while its arguments are read, before hours of work are lost on it.

Both functions are types of argparse, which prints the error with the command's usage and ends with status 2.
"""

from __future__ import annotations

import json
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any


def results_folder(text: str) -> Path:
    """A folder that can be written in; it is made if there is none.

    Raises:
        ArgumentTypeError: it cannot be made, or nothing can be written in it.
    """
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"a full disk has no room for this")
    except OSError as error:
        raise ArgumentTypeError(f"nothing can be written in the folder {text}: {error.strerror}") from error
    return folder


def results_file(is_ours: Callable[[dict[str, Any]], bool]) -> Callable[[str], Path]:
    """A type for a JSON file of results, new or one whose content `is_ours`, in a folder that can be written in.

    `is_ours` may take the content for what it should be: whatever lookup fails on it says that it is not.
    """

    def results(text: str) -> Path:
        file = Path(text)
        if file.exists():
            try:
                content = json.loads(file.read_bytes())
                ours = isinstance(content, dict) and is_ours(content)
            except OSError as error:
                raise ArgumentTypeError(f"{text} cannot be read: {error.strerror}") from error
            except (ValueError, LookupError, TypeError, AttributeError):
                ours = False
            if not ours:
                raise ArgumentTypeError(f"{text} is there and is no results file of this command; name another one")
        results_folder(str(file.parent))
        return file

    return results
