"""What Prometheus reads of a server: requests, their duration, and the model."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

router = APIRouter(tags=["operation"])

# From a single rating, which takes about a tenth of a millisecond, to a full batch on a busy machine.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_EXAMPLE = """# HELP recsys_model 1 for the version that answers.
# TYPE recsys_model gauge
recsys_model{version="034e3cd22cf1"} 1.0
"""


class Metrics:
    """The numbers of one application."""

    def __init__(self) -> None:
        """Begin at zero, in a registry of its own, so that two applications in a process do not mix."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "recsys_requests", "Requests answered.", ("method", "endpoint", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "recsys_request_seconds", "Time to answer.", ("endpoint",), registry=self.registry, buckets=_BUCKETS
        )
        self._version = Gauge("recsys_model", "1 for the version that answers.", ("version",), registry=self.registry)
        self._loads = Counter("recsys_model_loads", "Artefacts tried.", ("outcome",), registry=self.registry)

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count a request; `method` and `endpoint` must be from small sets, whatever clients send."""
        self._requests.labels(method, endpoint, str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def loaded(self, version: str) -> None:
        """Say which version answers from now on."""
        self._version.clear()
        self._version.labels(version).set(1)
        self._loads.labels("loaded").inc()

    def refused(self) -> None:
        """Count an artefact that could not be loaded."""
        self._loads.labels("refused").inc()


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"example": _EXAMPLE}}}})
async def metrics(request: Request) -> Response:
    """Give the server's numbers in Prometheus's text format."""
    numbers: Metrics = request.app.state.metrics
    return Response(generate_latest(numbers.registry), media_type=CONTENT_TYPE_LATEST)
