"""What Prometheus reads of a server: requests, their duration, and the model."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

from serving import workers

router = APIRouter(tags=["operation"])

# From a single rating, which takes about a tenth of a millisecond, to a full batch on a busy machine.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_EXAMPLE = """# HELP recsys_model 1 for the version that answers.
# TYPE recsys_model gauge
recsys_model{version="034e3cd22cf1"} 1.0
"""


class Metrics:
    """The numbers of one server. Workers keep theirs in files of their shared folder, and each gives the sums."""

    def __init__(self) -> None:
        """Begin at zero, in a registry of its own, so that two applications in a process do not mix."""
        self.registry = CollectorRegistry()
        if workers.shared_folder() is None:
            ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "recsys_requests", "Requests answered.", ("method", "endpoint", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "recsys_request_seconds", "Time to answer.", ("endpoint",), registry=self.registry, buckets=_BUCKETS
        )
        self._version = Gauge(
            "recsys_model",
            "Workers that answer from this version.",
            ("version",),
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._loads = Counter("recsys_model_loads", "Artefacts tried.", ("outcome",), registry=self.registry)
        self._current: str | None = None
        self._of_labels: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count a request; `method` and `endpoint` must be from small sets, whatever clients send."""
        found = self._of_labels.get((method, endpoint, status))
        if found is None:
            found = self._requests.labels(method, endpoint, str(status)), self._seconds.labels(endpoint)
            self._of_labels[method, endpoint, status] = found
        counter, histogram = found
        counter.inc()
        histogram.observe(seconds)

    def loaded(self, version: str) -> None:
        """Say which version answers from now on."""
        if self._current is not None:
            self._version.labels(self._current).set(0)
        if workers.shared_folder() is None:
            self._version.clear()  # in files of several workers, a label stays
        self._current = version
        self._version.labels(version).set(1)
        self._loads.labels("loaded").inc()

    def refused(self) -> None:
        """Count an artefact that could not be loaded."""
        self._loads.labels("refused").inc()

    def text(self) -> bytes:
        """All numbers in Prometheus's text format; of one process alone also what it takes from the system."""
        registry = self.registry
        if workers.shared_folder() is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library's
        return generate_latest(registry)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"example": _EXAMPLE}}}})
async def metrics(request: Request) -> Response:
    """Give the server's numbers in Prometheus's text format."""
    numbers: Metrics = request.app.state.metrics
    return Response(numbers.text(), media_type=CONTENT_TYPE_LATEST)
