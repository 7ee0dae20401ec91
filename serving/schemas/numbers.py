"""Times as requests have them: whole numbers, in a body or in an address."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,19}")


def _whole_number(text: object) -> object:
    """Let nothing but digits be a time in an address: "3.0", " 3" and "1_0" are errors, not 3 and 10."""
    if isinstance(text, str) and not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError("Input should be a whole number of at most 64 bits")
    return text


WHEN = (
    "When the rating is given, in whole seconds since 1970, UTC, as in the data. Null or left out: not known. Models "
    "that do not use times leave it aside."
)
EARLIEST, LATEST = 0, 253_402_300_799  # as in recsys.artifact.times, which clients of a server do without
TIME_SCHEMA = {"type": "integer", "minimum": EARLIEST, "maximum": LATEST, "examples": [881250949]}
_IN_TIME = Field(ge=EARLIEST, le=LATEST)
Timestamp = Annotated[int, Field(strict=True), _IN_TIME, WithJsonSchema(TIME_SCHEMA)]
TimestampInAddress = Annotated[int, BeforeValidator(_whole_number), _IN_TIME, WithJsonSchema(TIME_SCHEMA)]
