"""Data frames of user ids, item ids and times, in every form that MLflow's scoring protocol has for one."""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import Annotated, Any, NamedTuple, NotRequired

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    with_config,
)
from typing_extensions import TypedDict  # pydantic cannot read that of Python 3.11

from serving.routes.refusals import TooManyPairsError, what_is_wrong
from serving.schemas.ids import ID_SCHEMA, Id
from serving.schemas.numbers import TIME_SCHEMA, WHEN, Timestamp, TimestampInAddress

FORMATS = ("dataframe_split", "dataframe_records", "inputs", "instances")


class InvalidFrameError(ValueError):
    """What was sent is no data frame with ids in user_id and item_id and times in timestamp; the message says where."""


def _counted(rows: object, info: ValidationInfo) -> object:
    most: int = (info.context or {})["most"]
    if isinstance(rows, list) and len(rows) > most:
        raise TooManyPairsError(f"{len(rows)} rows in one request; this server allows {most}.")
    return rows


# Too many rows are refused before they are converted, and the first mistake ends a list: both would take seconds.
_ROWS = (Field(fail_fast=True), BeforeValidator(_counted))


class Pairs(NamedTuple):
    """Columns of one length; a time that is not known is None, as all are without a column `timestamp`."""

    user_ids: list[Id]
    item_ids: list[Id]
    timestamps: list[int | None]


@with_config(ConfigDict(extra="ignore"))  # or it would take the setting of the body it stands in
class Record(TypedDict):
    """A row by the columns' names. As with MLflow's own models, columns that are not needed are left aside."""

    user_id: Annotated[Id, Field(examples=[196])]
    item_id: Annotated[Id, Field(examples=[242])]
    timestamp: NotRequired[Annotated[Timestamp | None, Field(description=WHEN)]]


class Columns(BaseModel):
    """The columns by their names; they must be of one length, and others are left aside."""

    user_id: Annotated[list[Id], *_ROWS] = Field(examples=[[196, 186]])
    item_id: Annotated[list[Id], *_ROWS] = Field(examples=[[242, 302]])
    timestamp: Annotated[list[Timestamp | None], *_ROWS] | None = Field(
        default=None, description=WHEN, examples=[[881250949, None]]
    )


class Split(BaseModel):
    """What `DataFrame.to_dict(orient="split")` gives; user_id, item_id and perhaps timestamp are among the columns."""

    model_config = ConfigDict(extra="forbid")

    columns: list[str] = Field(examples=[["user_id", "item_id"]])
    data: Annotated[list[list[Any]], *_ROWS] = Field(
        description="Rows, with a value for each column.", examples=[[[196, 242], [186, 302]]]
    )
    index: list[Any] | None = Field(default=None, description="Not looked at.", examples=[[0, 1]])


def _with_time(row: object) -> object:
    return [*row, None] if isinstance(row, list) and len(row) == 2 else row


Row = Annotated[
    tuple[Id, Id, Timestamp | None],
    BeforeValidator(_with_time),
    WithJsonSchema(
        {
            "type": "array",
            "prefixItems": [ID_SCHEMA, ID_SCHEMA, {"anyOf": [TIME_SCHEMA, {"type": "null"}]}],
            "items": False,
            "minItems": 2,
            "maxItems": 3,
        }
    ),
    Field(description="A user id, an item id and, if it is known, a timestamp.", examples=[[196, 242]]),
]


def _form(table: object) -> str:
    if isinstance(table, dict):
        return "columns"
    return "rows" if isinstance(table, list) and table and isinstance(table[0], list) else "records"


Table = Annotated[
    Annotated[Columns, Tag("columns")]
    | Annotated[list[Record], *_ROWS, Tag("records")]
    | Annotated[list[Row], *_ROWS, Tag("rows")],
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

    dataframe_records: Annotated[list[Record], *_ROWS]


class InputsBody(_Body):
    """Columns by their names, or records, or rows of a user id, an item id and, if it is known, a timestamp."""

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


_TimestampInText = Annotated[TimestampInAddress | None, BeforeValidator(lambda text: text or None)]  # an empty cell


class _TextColumns(BaseModel):
    user_id: list[str]
    item_id: list[str]
    timestamp: Annotated[list[_TimestampInText], Field(fail_fast=True)] | None = None


def from_json(body: bytes, most: int) -> Pairs:
    """Read a JSON body of at most so many rows.

    Raises:
        InvalidFrameError: it is no data frame of the ids, or has not exactly one of `FORMATS`.
        TooManyPairsError: it has more rows.
    """
    try:
        given = INVOCATION.validate_json(body, context={"most": most})
    except ValidationError as error:
        # The first part of a place names the kind of body, which has the name of the field that follows.
        errors = [{**e, "loc": e["loc"][1:]} for e in error.errors(include_url=False, include_input=False)]
        raise InvalidFrameError(what_is_wrong(errors)) from error
    if isinstance(given, SplitBody):
        return _from_split(given.dataframe_split, most)
    table = next(value for name, value in given if name != "params")
    return _from_columns(table) if isinstance(table, Columns) else _from_rows(table)


def from_csv(body: bytes, most: int) -> Pairs:
    """Read a CSV body, whose first line names the columns, of at most so many rows; its ids are text, as CSV has them.

    Raises:
        InvalidFrameError: it is not CSV in UTF-8, or no data frame of the ids.
        TooManyPairsError: it has more rows.
    """
    try:
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
        rows = list(islice(filter(None, csv.reader(text, strict=True)), most + 2))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidFrameError(f"the body is no CSV in UTF-8: {error}") from error
    if len(rows) > most + 1:
        raise TooManyPairsError(f"More than {most} rows in one request; this server allows no more.")
    return _from_values(_TextColumns, _columns("the CSV", rows[0] if rows else [], rows[1:]), most)


def _from_split(split: Split, most: int) -> Pairs:
    return _from_values(Columns, _columns("dataframe_split", split.columns, split.data), most)


def _from_values(kind: type[Columns | _TextColumns], columns: dict[str, list[Any]], most: int) -> Pairs:
    try:
        read = kind.model_validate(columns, context={"most": most})
    except ValidationError as error:
        raise InvalidFrameError(what_is_wrong(error.errors(include_url=False, include_input=False))) from error
    return _from_columns(read)


def _from_columns(columns: Columns | _TextColumns) -> Pairs:
    n, times = len(columns.user_id), columns.timestamp
    timestamps: list[int | None] = [None] * n if times is None else list(times)
    for name, column in (("item_id", columns.item_id), ("timestamp", timestamps)):
        if len(column) != n:
            raise InvalidFrameError(f"user_id has {n} rows, but {name} has {len(column)}")
    return Pairs([*columns.user_id], [*columns.item_id], timestamps)


def _from_rows(rows: list[Record] | list[Row]) -> Pairs:
    pairs = [(row["user_id"], row["item_id"], row.get("timestamp")) if isinstance(row, dict) else row for row in rows]
    return Pairs([user for user, _, _ in pairs], [item for _, item, _ in pairs], [time for _, _, time in pairs])


def _columns(what: str, names: list[str], rows: list[list[Any]]) -> dict[str, list[Any]]:
    """The values of the columns that are needed, by their names, and those of `timestamp` if there is one."""
    wanted = ["user_id", "item_id", *({"timestamp"} & set(names))]
    for name in wanted:
        if names.count(name) != 1:
            raise InvalidFrameError(f"{what} needs one column {name}; its columns are {', '.join(names) or 'none'}")
    for place, row in enumerate(rows):
        if len(row) != len(names):
            raise InvalidFrameError(f"row {place} of {what} has {len(row)} values; there are {len(names)} columns")
    places = {name: names.index(name) for name in wanted}
    return {name: [row[place] for row in rows] for name, place in places.items()}
