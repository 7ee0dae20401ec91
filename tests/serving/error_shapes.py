"""What errors look like at each address; every test that provokes one checks it here."""

from __future__ import annotations

from http import HTTPStatus

import httpx

_MLFLOW = {"/ping", "/health", "/version", "/invocations"}
_MLFLOW_CODES = {401: "UNAUTHENTICATED", 404: "ENDPOINT_NOT_FOUND", 503: "TEMPORARILY_UNAVAILABLE"}


def check(response: httpx.Response) -> None:
    """Fail unless the response is an error of the client, or a missing model, in the shape of its address."""
    path, status = response.request.url.path, response.status_code
    assert 400 <= status < 500 or status == 503, (status, response.text)
    content = response.json()
    rest: dict[str, object] = {}
    if path == "/v2" or path.startswith("/v2/"):
        media_type, detail = "application/json", content.pop("error")
    elif path.rstrip("/") in _MLFLOW:
        code = _MLFLOW_CODES.get(status, "BAD_REQUEST")
        media_type, detail, rest = "application/json", content.pop("message"), {"error_code": code}
    else:
        rest = {"title": HTTPStatus(status).phrase, "status": status}
        media_type, detail = "application/problem+json", content.pop("detail")
    assert response.headers["content-type"] == media_type
    assert content == rest
    assert isinstance(detail, str)
    assert 0 < len(detail) <= 2000
