"""Tell whether bytes are the ones that were published."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from data.errors import ChecksumError
from data.movielens.catalogue import Checksum


def matches(file: Path, checksum: Checksum | None) -> bool:
    """Tell whether a file has a checksum or, without one, is a zip file to its end.

    Raises:
        OSError: it cannot be read.
    """
    if checksum is None:
        return zipfile.is_zipfile(file)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, lambda: hashlib.new(checksum.algorithm, usedforsecurity=False))
    return digest.hexdigest() == checksum.hexdigest


def expect_sha256(content: bytes | memoryview, expected: str, name: str) -> None:
    """Raise ChecksumError if the content of the file called `name` has another SHA-256 than expected."""
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ChecksumError(
            f"{name} is not the published file: its SHA-256 is {found} instead of {expected}. "
            "It is truncated, altered or another version; get it from the publisher again."
        )
