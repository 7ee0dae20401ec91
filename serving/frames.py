"""Data frames of user and item ids, in every form that MLflow's scoring protocol has for one."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Any, NamedTuple

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    with_config,
)
from typing_extensions import TypedDict  # pydantic cannot read that of Python 3.11

from serving.errors import what_is_wrong
from serving.schemas import ID_SCHEMA, Id, IdInAddress

FORMATS = ("dataframe_split", "dataframe_records", "inputs", "instances")


class InvalidFrameError(ValueError):
    """What was sent is no data frame with whole numbers in user_id and item_id; the message says where."""


class Pairs(NamedTuple):
    """Two columns of one length."""

    user_ids: list[int]
    item_ids: list[int]


@with_config(ConfigDict(extra="ignore"))  # or it would take the setting of the body it stands in
class Record(TypedDict):
    """A row by the columns' names. As with MLflow's own models, columns that are not needed are left aside."""

    user_id: Annotated[Id, Field(examples=[196])]
    item_id: Annotated[Id, Field(examples=[242])]


class Columns(BaseModel):
    """The columns by their names; they must be of one length, and others are left aside."""

    user_id: list[Id] = Field(examples=[[196, 186]])
    item_id: list[Id] = Field(examples=[[242, 302]])


class Split(BaseModel):
    """What `DataFrame.to_dict(orient="split")` gives; user_id and item_id are among the columns."""

    model_config = ConfigDict(extra="forbid")

    columns: list[str] = Field(examples=[["user_id", "item_id"]])
    data: list[list[Any]] = Field(
        description="Rows, with a value for each column.", examples=[[[196, 242], [186, 302]]]
    )
    index: list[Any] | None = Field(default=None, description="Not looked at.", examples=[[0, 1]])


Row = Annotated[
    tuple[Id, Id],
    WithJsonSchema({"type": "array", "items": ID_SCHEMA, "minItems": 2, "maxItems": 2}),
    Field(description="A user id and an item id.", examples=[[196, 242]]),
]


def _form(table: object) -> str:
    if isinstance(table, dict):
        return "columns"
    return "rows" if isinstance(table, list) and table and isinstance(table[0], list) else "records"


Table = Annotated[
    Annotated[Columns, Tag("columns")] | Annotated[list[Record], Tag("records")] | Annotated[list[Row], Tag("rows")],
    Discriminator(_form),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    params: dict[str, Any] | None = Field(
        default=None, max_length=0, description="None; the model takes no parameters."
    )


class SplitBody(_Body):
    """A data frame as pandas splits it."""

    dataframe_split: Split


class RecordsBody(_Body):
    """A data frame as a list of records."""

    dataframe_records: list[Record]


class InputsBody(_Body):
    """Columns by their names, or records, or rows of a user id and an item id."""

    inputs: Table


class InstancesBody(_Body):
    """The same as `inputs`, by the name that TensorFlow Serving has for it."""

    instances: Table


def _format(body: object) -> str | None:
    given = [name for name in FORMATS if name in body] if isinstance(body, dict) else []
    return given[0] if len(given) == 1 else None


Invocation = Annotated[
    Annotated[SplitBody, Tag("dataframe_split")]
    | Annotated[RecordsBody, Tag("dataframe_records")]
    | Annotated[InputsBody, Tag("inputs")]
    | Annotated[InstancesBody, Tag("instances")],
    Discriminator(
        _format,
        custom_error_type="one_format",
        custom_error_message=f"an object with exactly one of {', '.join(FORMATS)} is needed",
    ),
]
INVOCATION: TypeAdapter[SplitBody | RecordsBody | InputsBody | InstancesBody] = TypeAdapter(Invocation)


class _TextColumns(BaseModel):
    user_id: list[IdInAddress]
    item_id: list[IdInAddress]


def from_json(body: bytes) -> Pairs:
    """Read a JSON body.

    Raises:
        InvalidFrameError: it is no data frame of the ids, or has not exactly one of `FORMATS`.
    """
    try:
        given = INVOCATION.validate_json(body)
    except ValidationError as error:
        # The first part of a place names the kind of body, which has the name of the field that follows.
        errors = [{**e, "loc": e["loc"][1:]} for e in error.errors(include_url=False, include_input=False)]
        raise InvalidFrameError(what_is_wrong(errors)) from error
    if isinstance(given, SplitBody):
        return _of_split(given.dataframe_split)
    table = next(value for name, value in given if name != "params")
    return _of_columns(table) if isinstance(table, Columns) else _of_rows(table)


def from_csv(body: bytes) -> Pairs:
    """Read a CSV body, whose first line names the columns.

    Raises:
        InvalidFrameError: it is not CSV in UTF-8, or no data frame of the ids.
    """
    try:
        rows = [row for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidFrameError(f"the body is no CSV in UTF-8: {error}") from error
    users, items = _two_columns("the CSV", rows[0] if rows else [], rows[1:])
    return _of_values(_TextColumns, users, items)


def _of_split(split: Split) -> Pairs:
    return _of_values(Columns, *_two_columns("dataframe_split", split.columns, split.data))


def _of_values(kind: type[Columns | _TextColumns], users: list[Any], items: list[Any]) -> Pairs:
    try:
        read = kind(user_id=users, item_id=items)
    except ValidationError as error:
        raise InvalidFrameError(what_is_wrong(error.errors(include_url=False, include_input=False))) from error
    return Pairs(read.user_id, read.item_id)


def _of_columns(columns: Columns) -> Pairs:
    if len(columns.user_id) != len(columns.item_id):
        raise InvalidFrameError(f"user_id has {len(columns.user_id)} rows, but item_id has {len(columns.item_id)}")
    return Pairs(columns.user_id, columns.item_id)


def _of_rows(rows: list[Record] | list[Row]) -> Pairs:
    pairs = [(row["user_id"], row["item_id"]) if isinstance(row, dict) else row for row in rows]
    return Pairs([user for user, _ in pairs], [item for _, item in pairs])


def _two_columns(what: str, names: list[str], rows: list[list[Any]]) -> tuple[list[Any], list[Any]]:
    for needed in ("user_id", "item_id"):
        if names.count(needed) != 1:
            raise InvalidFrameError(f"{what} needs one column {needed}; its columns are {', '.join(names) or 'none'}")
    for place, row in enumerate(rows):
        if len(row) != len(names):
            raise InvalidFrameError(f"row {place} of {what} has {len(row)} values; there are {len(names)} columns")
    user, item = names.index("user_id"), names.index("item_id")
    return [row[user] for row in rows], [row[item] for row in rows]
