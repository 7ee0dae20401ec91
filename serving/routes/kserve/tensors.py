"""Tensors of the Open Inference Protocol: what a request of pairs holds, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from recsys.artifact import Floats, Times
from recsys.artifact.times import checked
from serving.routes.kserve.binary import numbers, texts
from serving.routes.refusals import TooManyPairsError, what_is_wrong
from serving.schemas.ids import Id

HEADER_LENGTH = "Inference-Header-Content-Length"
NUMBERS, TEXT = "INT64", "BYTES"  # datatypes
_IDS = ("user_id", "item_id")

Parameters = dict[str, bool | int | float | str]


class InvalidTensorError(ValueError):
    """The tensors sent are not what the model takes; the message says where and how."""


class InputTensor(BaseModel):
    """The user ids, the item ids or, if they are known, the times of the ratings."""

    model_config = ConfigDict(strict=True)

    name: Literal["user_id", "item_id", "timestamp"] = Field(
        description="timestamp: whole seconds since 1970, UTC; −1 where the time is not known.", examples=["user_id"]
    )
    shape: list[Annotated[int, Field(ge=0)]] = Field(min_length=1, max_length=1, description="[n]", examples=[[2]])
    datatype: Literal["INT64", "BYTES"] = Field(
        description="INT64; BYTES for ids that are text, in UTF-8. The model's metadata says which.", examples=["INT64"]
    )
    parameters: Parameters | None = Field(default=None, description="binary_data_size: bytes of this tensor.")
    data: Annotated[list[Id], Field(fail_fast=True)] | None = Field(
        default=None,
        description="The n values, if they are not sent as bytes: numbers, or text in a tensor of BYTES.",
        examples=[[196, 186]],
    )


class RequestedOutput(BaseModel):
    """An output that is wanted."""

    name: Literal["rating"] = Field(examples=["rating"])
    parameters: Parameters | None = Field(default=None, description="binary_data: whether to answer with bytes.")


class InferenceRequest(BaseModel):
    """Pairs of user and item ids and, if it is known, when they are rated."""

    model_config = ConfigDict(strict=True)

    id: str | None = Field(default=None, description="Comes back in the answer.", examples=["42"])
    parameters: Parameters | None = Field(
        default=None, description="binary_data_output: whether to answer with bytes. Others are left aside."
    )
    inputs: list[InputTensor] = Field(
        min_length=2,
        max_length=3,
        description="user_id and item_id; timestamp may be left out.",
        examples=[
            [
                {"name": "user_id", "shape": [2], "datatype": "INT64", "data": [196, 186]},
                {"name": "item_id", "shape": [2], "datatype": "INT64", "data": [242, 302]},
            ]
        ],
    )
    outputs: list[RequestedOutput] | None = Field(default=None, max_length=1, examples=[[{"name": "rating"}]])


class OutputTensor(BaseModel):
    """The predicted ratings."""

    name: str = Field(examples=["rating"])
    shape: list[int] = Field(examples=[[2]])
    datatype: str = Field(examples=["FP32"])
    data: list[float] = Field(description="Predicted ratings, on the data set's scale.", examples=[[3.67, 4.12]])


class InferenceResponse(BaseModel):
    """The predicted ratings of the pairs."""

    model_name: str = Field(examples=["recsys"])
    model_version: str = Field(examples=["034e3cd22cf1"])
    id: str | None = Field(default=None, description="That of the request, if it had one.", examples=["42"])
    outputs: list[OutputTensor]


class Asked(NamedTuple):
    """User ids, item ids and times (n,), what names the request, and whether the answer is to be bytes."""

    user_ids: list[Id]
    item_ids: list[Id]
    given_at: Times | None
    id: str | None
    binary: bool


def read(body: bytes, header_length: str | None, datatypes: Mapping[str, str], most: int) -> Asked:
    """Read a request: JSON, of which `header_length` is the length if bytes follow it.

    Args:
        body: what was sent.
        header_length: the value of the header `HEADER_LENGTH`, if there is one.
        datatypes: those of the tensors that the model takes, by name.
        most: pairs that a request may ask for.

    Raises:
        InvalidTensorError: it is not what the protocol or the model wants.
        TooManyPairsError: it asks for more.
    """
    length = _length(header_length, len(body))
    try:
        request = InferenceRequest.model_validate_json(body[:length])
    except ValidationError as error:
        raise InvalidTensorError(what_is_wrong(error.errors(include_url=False, include_input=False))) from error
    values: dict[str, list[Id]] = {}
    rest = memoryview(body)[length:]
    for tensor in request.inputs:
        if tensor.name in values:
            raise InvalidTensorError(f"inputs: one user_id and one item_id are needed, not two {tensor.name}")
        values[tensor.name], rest = _values(tensor, datatypes[tensor.name], rest, most)
    if rest:
        raise InvalidTensorError(f"{len(rest)} bytes follow the last tensor")
    if missing := [name for name in _IDS if name not in values]:
        raise InvalidTensorError(f"inputs: one user_id and one item_id are needed; {missing[0]} is missing")
    size = len(values["user_id"])
    for name, column in values.items():
        if len(column) != size:
            raise InvalidTensorError(f"inputs: user_id has {size} values, but {name} has {len(column)}")
    return Asked(values["user_id"], values["item_id"], _times(values.get("timestamp")), request.id, _binary(request))


def _times(values: list[Id] | None) -> Times | None:
    try:
        return None if values is None else checked(values)
    except ValueError as error:
        raise InvalidTensorError(f"inputs: {error}") from error


def _length(declared: str | None, most: int) -> int:
    if declared is None:
        return most
    if not (declared.isdecimal() and declared.isascii() and len(declared) < 20 and int(declared) <= most):
        raise InvalidTensorError(
            f"{HEADER_LENGTH} is the length of the JSON, at most that of the body ({most}), not {declared!r:.50}"
        )
    return int(declared)


def _values(tensor: InputTensor, datatype: str, rest: memoryview, most: int) -> tuple[list[Id], memoryview]:
    """The values of a tensor, and the bytes that are left after it."""
    name, (size,) = tensor.name, tensor.shape
    if tensor.datatype != datatype:
        raise InvalidTensorError(f"inputs: {name} is {tensor.datatype}, but this model takes {datatype}")
    n_bytes = (tensor.parameters or {}).get("binary_data_size")
    if n_bytes is None:
        if tensor.data is None:
            raise InvalidTensorError(f"inputs: {name} has neither data nor a binary_data_size")
        values, kind = tensor.data, str if datatype == TEXT else int
        for place, value in enumerate(values[: most + 1]):
            if type(value) is not kind:
                raise InvalidTensorError(f"inputs: {name} is {datatype}, but its data.{place} is {value!r:.80}")
    else:
        if type(n_bytes) is not int or not 0 <= n_bytes <= len(rest) or tensor.data is not None:
            raise InvalidTensorError(
                f"inputs: binary_data_size of {name} is {n_bytes}; it is the number of bytes of its values after the "
                f"JSON, where {len(rest)} are left, and then there is no data in the JSON"
            )
        raw, rest = rest[:n_bytes], rest[n_bytes:]
        try:
            values = texts(raw, most) if datatype == TEXT else numbers(raw)
        except ValueError as error:
            raise InvalidTensorError(f"inputs: binary_data_size of {name} is {n_bytes}, but {error}") from error
    if len(values) > most:
        raise TooManyPairsError(f"More than {most} pairs in one request; this server allows {most}.")
    if len(values) != size:
        raise InvalidTensorError(f"inputs: {name} has the shape [{size}], but {len(values)} values")
    return values, rest


def _binary(request: InferenceRequest) -> bool:
    """Whether bytes are wanted; what an output says of itself counts more than what the request says of all."""
    for_all = (request.parameters or {}).get("binary_data_output", False)
    for_output = [(output.parameters or {}).get("binary_data") for output in request.outputs or []]
    return (for_output[0] if for_output and for_output[0] is not None else for_all) is True


def as_json(names: dict[str, str], ratings: Floats) -> bytes:
    """The body of an answer, with the ratings (n,) as numbers in it."""
    return to_json({**names, "outputs": [{**_output(ratings), "data": ratings.tolist()}]})


def with_bytes(names: dict[str, str], ratings: Floats) -> tuple[bytes, int]:
    """The body of an answer, with the ratings (n,) as bytes after the JSON, and the length of the JSON."""
    raw = ratings.astype("<f4").tobytes()
    header = to_json({**names, "outputs": [{**_output(ratings), "parameters": {"binary_data_size": len(raw)}}]})
    return header + raw, len(header)


def _output(ratings: Floats) -> dict[str, Any]:
    """The output tensor, without its values."""
    return {"name": "rating", "shape": [ratings.size], "datatype": "FP32"}
