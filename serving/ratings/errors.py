"""Why a rating is not stored, or stored ones are not read."""

from __future__ import annotations


class UnstorableIdError(ValueError):
    """An id is longer than those that are stored."""


class StoreError(Exception):
    """The database cannot be reached, or refuses. What was to be changed may have been, and can be sent again."""

    def __init__(self) -> None:
        """Say so as a client is told; the log has the reason."""
        super().__init__("The database of ratings does not answer; the server's log says why.")
