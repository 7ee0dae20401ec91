"""Open Inference Protocol, version 2, over HTTP: what KServe and Triton answer, for clients that know no other.

The model takes tensors of one length n, user_id, item_id and, if it is known, timestamp, and gives one, rating (FP32,
n). Ids are INT64, or BYTES where they are text; the metadata says which. Tensors may be JSON or, by the binary tensor
data extension, bytes after the JSON.

Sources: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md,
https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

from __future__ import annotations

from importlib.metadata import version as installed_version
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Request, Response
from pydantic import BaseModel, Field

from serving.answers.recommender import Recommender
from serving.routes.dependencies import NOT_STOPPING, CurrentRecommender, CurrentSettings
from serving.routes.kserve.tensors import (
    HEADER_LENGTH,
    NUMBERS,
    TEXT,
    InferenceRequest,
    InferenceResponse,
    InvalidTensorError,
    as_json,
    read,
    with_bytes,
)
from serving.routes.openapi import inlined
from serving.routes.pauses import located
from serving.routes.protocol import ErrorShape, Protocol

# Whatever is trained and served next, clients find it under the same name; its version tells models apart.
MODEL_NAME = "recsys"

_router = APIRouter(tags=["KServe"])
_probes = APIRouter(prefix="/health", tags=["KServe"])


class KServeError(BaseModel):
    """What clients of the Open Inference Protocol read of a failure."""

    error: str = Field(description="What is wrong with this request.", examples=["inputs: Field required"])


_ERRORS = ErrorShape("application/json", lambda _, detail: KServeError(error=detail), invalid=400)


class ServerLive(BaseModel):
    """The process runs."""

    live: bool = Field(default=True, examples=[True])


class ServerReady(ServerLive):
    """The process can answer. The specification names this field `live`, the servers that follow it `ready`."""

    ready: bool = Field(default=True, examples=[True])


class ServerMetadata(BaseModel):
    """What the server is."""

    name: str = Field(default=MODEL_NAME, examples=[MODEL_NAME])
    version: str = Field(description="Of the server; models have their own.", examples=[installed_version("recsys")])
    extensions: list[str] = Field(default=["binary_tensor_data"], examples=[["binary_tensor_data"]])


class ModelReady(BaseModel):
    """The model can answer."""

    name: str = Field(default=MODEL_NAME, examples=[MODEL_NAME])
    ready: bool = Field(default=True, examples=[True])


class TensorMetadata(BaseModel):
    """A tensor that the model takes or gives; a dimension of -1 is of any size."""

    name: str = Field(examples=["user_id"])
    datatype: str = Field(examples=["INT64"])
    shape: list[int] = Field(default=[-1], examples=[[-1]])


class ModelMetadata(BaseModel):
    """What the model takes and gives."""

    name: str = Field(default=MODEL_NAME, examples=[MODEL_NAME])
    versions: list[str] = Field(description="The one version that answers now.", examples=[["034e3cd22cf1"]])
    platform: str = Field(default="recsys_safetensors", examples=["recsys_safetensors"])
    # As with other servers, what is optional is listed too, since the protocol has no way to say so.
    inputs: list[TensorMetadata] = Field(
        description="BYTES where ids are text.",
        examples=[
            [
                {"name": "user_id", "datatype": "INT64", "shape": [-1]},
                {"name": "item_id", "datatype": "INT64", "shape": [-1]},
                {"name": "timestamp", "datatype": "INT64", "shape": [-1]},
            ]
        ],
    )
    outputs: list[TensorMetadata] = [TensorMetadata(name="rating", datatype="FP32")]


async def _model(
    name: Annotated[str, Path(description="Name of the model.", examples=[MODEL_NAME])], recommender: CurrentRecommender
) -> Recommender:
    if name != MODEL_NAME:
        raise HTTPException(404, f"There is no model {name!r:.100} here, only {MODEL_NAME!r}.")
    return recommender


Model = Annotated[Recommender, Depends(_model)]


async def _model_of_version(
    version: Annotated[str, Path(description="Version of the model.", examples=["034e3cd22cf1"])], recommender: Model
) -> Recommender:
    if version != recommender.manifest.version:
        answering = recommender.manifest.version
        raise HTTPException(404, f"Version {version!r:.100} of the model is not served; {answering} is.")
    return recommender


ModelOfVersion = Annotated[Recommender, Depends(_model_of_version)]


@_probes.get("/live")
async def server_live() -> ServerLive:
    """Answer as long as the process runs, whether or not it has a model."""
    return ServerLive()


@_probes.get("/ready", dependencies=[NOT_STOPPING], responses=_ERRORS.responses(503))
async def server_ready(recommender: CurrentRecommender) -> ServerReady:
    """Answer 200 when a model is loaded, 503 before."""
    return ServerReady()


@_router.get("")
@_router.get("/", include_in_schema=False)
async def server_metadata(request: Request) -> ServerMetadata:
    """Name the server, its version, and the extensions of the protocol that it knows."""
    return ServerMetadata(version=request.app.version)


@_router.get("/models/{name}", responses=_ERRORS.responses(404, 503))
async def model_metadata(recommender: Model) -> ModelMetadata:
    """Name the tensors that the model takes and gives."""
    return _metadata(recommender)


@_router.get("/models/{name}/versions/{version}", responses=_ERRORS.responses(404, 503))
async def model_version_metadata(recommender: ModelOfVersion) -> ModelMetadata:
    """Name the tensors that this version of the model takes and gives."""
    return _metadata(recommender)


def _metadata(recommender: Recommender) -> ModelMetadata:
    inputs = [TensorMetadata(name=name, datatype=datatype) for name, datatype in _datatypes(recommender).items()]
    return ModelMetadata(versions=[recommender.manifest.version], inputs=inputs)


def _datatypes(recommender: Recommender) -> dict[str, str]:
    """Those of the tensors that the model takes, by name."""
    return {
        "user_id": TEXT if recommender.user_ids.are_text else NUMBERS,
        "item_id": TEXT if recommender.item_ids.are_text else NUMBERS,
        "timestamp": NUMBERS,
    }


@_router.get("/models/{name}/ready", dependencies=[NOT_STOPPING], responses=_ERRORS.responses(404, 503))
async def model_ready(recommender: Model) -> ModelReady:
    """Answer 200 when the model is loaded, 503 before."""
    return ModelReady()


@_router.get(
    "/models/{name}/versions/{version}/ready", dependencies=[NOT_STOPPING], responses=_ERRORS.responses(404, 503)
)
async def model_version_ready(recommender: ModelOfVersion) -> ModelReady:
    """Answer 200 when this version of the model is loaded, 404 when another one is."""
    return ModelReady()


_BINARY: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_ANSWERS = {200: {"content": _BINARY}, **_ERRORS.responses(400, 404, 413, 415, 503)}
_REQUEST = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": inlined(InferenceRequest.model_json_schema())}, **_BINARY},
    },
    "parameters": [
        {
            "name": HEADER_LENGTH,
            "in": "header",
            "description": "Length of the JSON, where tensors follow it as bytes.",
            "schema": {"type": "integer", "minimum": 0},
        }
    ],
}


@_router.post("/models/{name}/infer", response_model=InferenceResponse, responses=_ANSWERS, openapi_extra=_REQUEST)
async def infer(request: Request, recommender: Model, settings: CurrentSettings) -> Response:
    """Predict the rating of each pair of a user id and an item id; unknown ids are answered as from /v1.

    A third tensor, timestamp, may say when, in whole seconds since 1970, UTC, and −1 where that is not known.
    """
    return await _inferred(request, recommender, settings.max_pairs)


@_router.post(
    "/models/{name}/versions/{version}/infer",
    response_model=InferenceResponse,
    responses=_ANSWERS,
    openapi_extra=_REQUEST,
)
async def infer_by_version(request: Request, recommender: ModelOfVersion, settings: CurrentSettings) -> Response:
    """Predict with this version of the model, or answer 404 when another one is served."""
    return await _inferred(request, recommender, settings.max_pairs)


async def _inferred(request: Request, recommender: Recommender, most: int) -> Response:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in ("", "application/json", "application/octet-stream"):  # Triton's client names none
        raise HTTPException(415, f"Send application/json; the Content-Type says {given:.100}.")
    try:
        asked = read(await request.body(), request.headers.get(HEADER_LENGTH), _datatypes(recommender), most)
    except InvalidTensorError as error:
        raise HTTPException(400, str(error)) from error
    pairs = await located(recommender, asked.user_ids, asked.item_ids)
    ratings = recommender.predictions(pairs, asked.given_at).ratings
    names = {"model_name": MODEL_NAME, "model_version": recommender.manifest.version}
    if asked.id is not None:
        names["id"] = asked.id
    if not asked.binary:
        return Response(as_json(names, ratings), media_type="application/json")
    body, length = with_bytes(names, ratings)
    return Response(body, media_type="application/octet-stream", headers={HEADER_LENGTH: str(length)})


KSERVE = Protocol(
    prefix="/v2",
    routers=(_router,),
    open_routers=(_probes,),
    errors=_ERRORS,
    commas_of_a_pair=12,  # bytes of a tensor may look like commas
)
