"""MLflow's scoring protocol: what `mlflow models serve` answers, for clients that know no other.

Source: https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/
"""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field
from pydantic_core import to_json

from serving.answers.timestamps import times_from
from serving.routes.dependencies import NOT_STOPPING, CurrentRecommender, CurrentSettings
from serving.routes.mlflow.frames import INVOCATION, InvalidFrameError, from_csv, from_json
from serving.routes.openapi import inlined
from serving.routes.pauses import located, pause
from serving.routes.protocol import ErrorShape, Protocol

# The MLflow whose protocol this is, and with whose client it is tested. Clients read from it which formats a server
# knows (those of 2.0 and later), so the version of this project would mislead them.
MLFLOW_VERSION = "3.17.2"

_router = APIRouter(tags=["MLflow"])
_probes = APIRouter(tags=["MLflow"])


class MLflowError(BaseModel):
    """What MLflow's clients read of a failure."""

    error_code: str = Field(description="MLflow's name for the kind of error.", examples=["BAD_REQUEST"])
    message: str = Field(description="What is wrong with this request.", examples=["dataframe_split: Field required"])


# MLflow has few names; those it has none for are bad requests, and their status says more.
_ERROR_CODES = {
    401: "UNAUTHENTICATED",
    404: "ENDPOINT_NOT_FOUND",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
}
_ERRORS = ErrorShape(
    "application/json",
    lambda status, detail: MLflowError(error_code=_ERROR_CODES.get(status, "BAD_REQUEST"), message=detail),
    invalid=400,
)


class Predictions(BaseModel):
    """Predicted ratings, on the data set's scale, in the order of the rows; of an unknown id as from /v1."""

    predictions: list[float] = Field(examples=[[3.67, 4.12]])


@_probes.get(
    "/ping",
    dependencies=[NOT_STOPPING],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": "\n"}}}, **_ERRORS.responses(503)},
)
@_probes.get(
    "/health",
    dependencies=[NOT_STOPPING],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": "\n"}}}, **_ERRORS.responses(503)},
)
async def ping(recommender: CurrentRecommender) -> Response:
    """Answer 200 and an empty line when a model is loaded, 503 before."""
    return Response("\n", media_type="text/plain")


@_router.get(
    "/version",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": MLFLOW_VERSION}}}},
)
async def version() -> Response:
    """Give the version of MLflow whose protocol this is; the header X-Model-Version has the model's."""
    return Response(MLFLOW_VERSION, media_type="text/plain")


_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": inlined(INVOCATION.json_schema()),
            "examples": {
                "dataframe_split": {
                    "value": {"dataframe_split": {"columns": ["user_id", "item_id"], "data": [[196, 242], [186, 302]]}}
                },
                "dataframe_records": {"value": {"dataframe_records": [{"user_id": 196, "item_id": 242}]}},
                "inputs": {"value": {"inputs": {"user_id": [196, 186], "item_id": [242, 302]}}},
                "instances": {"value": {"instances": [{"user_id": 196, "item_id": 242}]}},
            },
        },
        "text/csv": {"schema": {"type": "string"}, "example": "user_id,item_id\n196,242\n186,302\n"},
    },
}


@_router.post(
    "/invocations",
    response_model=Predictions,
    responses=_ERRORS.responses(400, 413, 415, 503),
    openapi_extra={"requestBody": _BODY},
)
async def invocations(request: Request, recommender: CurrentRecommender, settings: CurrentSettings) -> Response:
    """Predict the rating of each row of a data frame with the columns user_id and item_id.

    A column timestamp may say when, in whole seconds since 1970, UTC, and null, in CSV nothing, where that is not
    known. Ids are whole numbers or text, whichever the model has; in CSV, text is taken as it is written.
    """
    media_type = _media_type(request)
    if media_type not in _READ:
        given = request.headers.get("content-type", "nothing")
        raise HTTPException(415, f"Send {' or '.join(_READ)}, in UTF-8; the Content-Type says {given}.")
    try:
        pairs = _READ[media_type](await request.body(), settings.max_pairs)
    except InvalidFrameError as error:
        raise HTTPException(400, str(error)) from error
    user_ids, item_ids = pairs.user_ids, pairs.item_ids
    await pause(len(user_ids))
    if media_type == _CSV:
        user_ids = [recommender.user_ids.from_text(str(each), row) for row, each in enumerate(user_ids)]
        item_ids = [recommender.item_ids.from_text(str(each), row) for row, each in enumerate(item_ids)]
    places = await located(recommender, user_ids, item_ids)
    ratings = recommender.predictions(places, times_from(pairs.timestamps)).ratings
    return Response(to_json({"predictions": ratings.tolist()}), media_type="application/json")


_CSV = "text/csv"
_READ = {"application/json": from_json, _CSV: from_csv}


def _media_type(request: Request) -> str:
    """What the body is; nothing where it has a parameter other than charset=utf-8, such as the `format` of MLflow 1."""
    given, *parameters = (part.strip().lower() for part in request.headers.get("content-type", "").split(";"))
    return given if set(parameters) <= {"charset=utf-8", 'charset="utf-8"', ""} else ""


MLFLOW = Protocol(
    prefix="",
    routers=(_router,),
    open_routers=(_probes,),
    errors=_ERRORS,
    commas_of_a_pair=12,  # rows of a data frame may have columns that are not needed
)
