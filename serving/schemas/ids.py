"""Ids of users and items as requests and answers have them: whole numbers or text, whichever the model has."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import GetPydanticSchema, WithJsonSchema
from pydantic_core import core_schema

ID_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "integer", "format": "int64", "minimum": -(2**63), "maximum": 2**63 - 1},
        {"type": "string"},
    ],
    "examples": [196],
}
_LONGEST = 2**31  # longer than any request; with a limit, pydantic looks into text and finds half a surrogate pair
_ID = core_schema.union_schema(
    [
        core_schema.int_schema(strict=True, ge=-(2**63), le=2**63 - 1),
        core_schema.str_schema(strict=True, max_length=_LONGEST),
    ],
    mode="left_to_right",
    custom_error_type="id",
    custom_error_message="Input should be a whole number of at most 64 bits, or text in Unicode",
)

# Of which kind the ids are is the model's affair, and a number never stands for text: 196.0 is an error, and "196" is
# an id of its own.
Id = Annotated[int | str, GetPydanticSchema(lambda _type, _handler: _ID), WithJsonSchema(ID_SCHEMA)]
# In an address and in CSV everything is text; the model that answers says what it stands for.
IdInAddress = Annotated[str, WithJsonSchema(ID_SCHEMA)]
