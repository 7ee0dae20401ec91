"""What a client raises where a server does not answer what was asked for."""

from __future__ import annotations

from collections.abc import Mapping

import requests
from pydantic import ValidationError

from serving.retries import PASSING
from serving.schemas.problem import Problem


class ClientError(Exception):
    """The server answered with something else than what was asked for."""


class ProblemError(ClientError):
    """The server refused a request: `status` and `title` say how, `detail` what was wrong with it."""

    def __init__(self, status: int, title: str, detail: str, request_id: str | None = None) -> None:
        """Keep what the problem document says, and the id under which the request stands in the server's log."""
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.request_id = request_id


class InvalidRequestError(ProblemError):
    """The request is not as the server wants it, or asks for too much (400, 413, 415, 422)."""


class AuthenticationError(ProblemError):
    """The server asks for another key (401)."""


class NotFoundError(ProblemError):
    """There is no such user, item or genre, or no rating is stored (404)."""


class ConflictError(ProblemError):
    """A newer rating is stored than the one that was to be (409)."""


class UnavailableError(ProblemError):
    """The server has no model, is restarting, or is asked too often (429, 502, 503, 504), also when asked again."""


class UnreadableAnswerError(ClientError):
    """The answer is none of this server's: another program's, or another version's."""


_BY_STATUS: Mapping[int, type[ProblemError]] = {
    **dict.fromkeys((400, 413, 415, 422), InvalidRequestError),
    401: AuthenticationError,
    404: NotFoundError,
    409: ConflictError,
    **dict.fromkeys(PASSING, UnavailableError),
}


def problem_of(response: requests.Response) -> ProblemError:
    """The error that a response tells of, also where a proxy tells it in a form of its own."""
    status = response.status_code
    title, detail = response.reason or "", "the answer does not say why"
    try:
        problem = Problem.model_validate_json(response.content)
        title, detail = problem.title, problem.detail
    except ValidationError:
        pass
    return _BY_STATUS.get(status, ProblemError)(status, title, detail, response.headers.get("X-Request-ID"))
