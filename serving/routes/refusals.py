"""Why a route refuses a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Whoever asks learns no more: why it is so may name folders, and stands in the log.
NO_MODEL = "No model is loaded; the server's log says why. If none has been trained yet, train one (make train)."
_MOST_ERRORS = 10  # of one request that are named; a batch can have thousands


class NotReadyError(Exception):
    """No model is loaded."""

    def __init__(self) -> None:
        """Say so as a client is told."""
        super().__init__(NO_MODEL)


class StoppingError(Exception):
    """The server has been told to stop, and others should be asked."""

    def __init__(self) -> None:
        """Say so as a client is told."""
        super().__init__("The server is about to stop.")


class InvalidAddressError(Exception):
    """An address has percent signs before bytes that are no UTF-8."""

    def __init__(self) -> None:
        """Say so as a client is told."""
        super().__init__("The address is not UTF-8 where it has percent signs.")


class TooManyPairsError(Exception):
    """A request asks for more pairs than the server allows."""


class InvalidRatingError(Exception):
    """A rating is none of the scale, or a new user's are two of the same item."""


def check_scale(rating: float, scale: tuple[float, float], where: str) -> None:
    """Check that a rating is on the model's scale.

    Raises:
        InvalidRatingError: it is not; the message says where it stands.
    """
    if not scale[0] <= rating <= scale[1]:
        raise InvalidRatingError(f"{where}: {rating:g} is not in {scale[0]:g} … {scale[1]:g}")


class NotStoredError(LookupError):
    """No rating of a pair is stored."""


def what_is_wrong(errors: Sequence[Any]) -> str:
    """Where a request is not as its schema wants it, and how; the first few places, from pydantic's errors."""
    named = ((".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in errors[:_MOST_ERRORS])
    return "; ".join(f"{place}: {said}" if place else said for place, said in named)
