"""The least that FastAPI can do, to compare with; its arguments are PORT GET_ANSWER POST_ANSWER.

Two routes that return constants: GET /rating without parameters, and POST /predictions, which parses the same body into
the same pydantic model as `/v1/predictions`. No request id, no log, no metrics, no model; uvicorn runs it with the same
options as `serving.app`.
"""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI, Response

from serving.schemas.requests import PredictionsRequest


def create_app(get_answer: bytes, post_answer: bytes) -> FastAPI:
    """Build the application from the bodies of its two answers."""
    app = FastAPI()

    @app.get("/rating")
    async def rating() -> Response:
        return Response(get_answer, media_type="application/json")

    @app.post("/predictions")
    async def predictions(body: PredictionsRequest) -> Response:
        return Response(post_answer, media_type="application/json")

    return app


if __name__ == "__main__":
    port, get_answer, post_answer = sys.argv[1:]
    uvicorn.run(create_app(get_answer.encode(), post_answer.encode()), port=int(port), access_log=False)
