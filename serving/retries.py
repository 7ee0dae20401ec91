"""When the client asks again: after a lost connection once, and where the server says that it cannot answer now."""

from __future__ import annotations

import random
from types import TracebackType
from typing import Self

from typing_extensions import override
from urllib3 import BaseHTTPResponse
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import InvalidHeader, MaxRetryError, ReadTimeoutError
from urllib3.util import Retry

# The server's own; those of a proxy whose server restarts; and a proxy's that limits how often one may ask.
PASSING = frozenset({429, 502, 503, 504})
_FIRST_WAIT = 0.2  # seconds, doubled each time, where the server does not say how long; a restart takes one or two
_LONGEST_WAIT = 30.0  # seconds; whoever is to wait longer is told so instead


class Retries(Retry):
    """urllib3's, for requests that may be sent again, POSTs too; waits differ, so that clients do not return as one.

    A request whose answer takes too long is not sent again: it would take as long, and be one more to answer.
    """

    @classmethod
    def at_most(cls, times: int) -> Self:
        """Ask up to so many times more."""
        once = min(times, 1)
        return cls(
            total=times,
            connect=once,
            read=once,
            other=0,
            status_forcelist=PASSING,
            allowed_methods=None,  # of any
            raise_on_status=False,
        )

    @override
    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Count a failure; raise where there is to be no further request."""
        if isinstance(error, ReadTimeoutError):
            raise error
        if response is not None and _pool is not None and (self._asked_to_wait(response) or 0.0) > _LONGEST_WAIT:
            raise MaxRetryError(_pool, url)  # upon which urllib3 gives the response
        return super().increment(method, url, response, error, _pool, _stacktrace)

    @override
    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds to wait as the server says, and up to half of it more; None if it does not say."""
        seconds = self._asked_to_wait(response)
        return None if seconds is None else seconds * random.uniform(1.0, 1.5)

    @override
    def get_backoff_time(self) -> float:
        """Seconds to wait where the server says nothing."""
        longest: float = _FIRST_WAIT * 2 ** len(self.history)
        return random.uniform(longest / 2, longest)

    def _asked_to_wait(self, response: BaseHTTPResponse) -> float | None:
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None
