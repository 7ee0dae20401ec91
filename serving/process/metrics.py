"""What Prometheus reads of a server: requests, their duration, and the model."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector
from typing_extensions import override

from serving.process import log, shared

logger = logging.getLogger("serving")

# From a single rating, which takes about a tenth of a millisecond, to a full batch on a busy machine.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """The numbers of one server. Workers keep theirs in files of their shared folder, and each gives the sums."""

    def __init__(self) -> None:
        """Begin at zero, in a registry of its own, so that two applications in a process do not mix."""
        self.registry = CollectorRegistry()
        if shared.folder() is None:
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
        self._connections = Counter(
            "recsys_connections_ended", "Connections ended by the server.", ("reason",), registry=self.registry
        )
        self._rated = Counter(
            "recsys_ratings", "Ratings that clients sent, by what became of them.", ("outcome",), registry=self.registry
        )
        self._lost_lines = Counter(
            "recsys_log_lines_lost", "Lines that no reader of the log took in time.", registry=self.registry
        )
        self._lost = 0
        self._current: str | None = None
        self._by_labels: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count a request; `method` and `endpoint` must be from small sets, whatever clients send."""
        found = self._by_labels.get((method, endpoint, status))
        if found is None:
            found = self._requests.labels(method, endpoint, str(status)), self._seconds.labels(endpoint)
            self._by_labels[method, endpoint, status] = found
        counter, histogram = found
        counter.inc()
        histogram.observe(seconds)

    def loaded(self, version: str) -> None:
        """Say which version answers from now on."""
        if self._current is not None:
            self._version.labels(self._current).set(0)
        if shared.folder() is None:
            self._version.clear()  # in files of several workers, a label stays
        self._current = version
        self._version.labels(version).set(1)
        self._loads.labels("loaded").inc()

    def refused(self) -> None:
        """Count an artefact that could not be loaded."""
        self._loads.labels("refused").inc()

    def ended_connection(self, reason: str) -> None:
        """Count a connection that the server ended, by a reason of a small set."""
        self._connections.labels(reason).inc()

    def rated(self, outcome: str, count: int = 1) -> None:
        """Count ratings that were created, replaced or deleted, or refused since a newer one is stored."""
        self._rated.labels(outcome).inc(count)

    def text(self) -> bytes:
        """All numbers in Prometheus's text format; of one process alone also what it takes from the system."""
        self.count_lost_lines()
        registry, folder = self.registry, shared.folder()
        if folder is not None:
            registry = CollectorRegistry()
            registry.register(_AllWorkers(folder))
        return generate_latest(registry)

    def count_lost_lines(self) -> None:
        """Count the lines of the log that have been lost since the last time."""
        lost = log.lost()
        self._lost_lines.inc(lost - self._lost)
        self._lost = lost


class _AllWorkers(Collector):
    """The sums of all workers; of one whose file is damaged only what the others counted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @override
    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in self._folder.glob("*.db")]
        try:
            return _merged(files)
        except Exception:  # whatever is in a damaged file
            return _merged([file for file in files if _is_whole(file)])


def _is_whole(file: str) -> bool:
    try:
        _merged([file])
    except Exception as error:
        logger.warning("the numbers in %s are left out: %s", file, error)
        return False
    return True


def _merged(files: list[str]) -> list[Metric]:
    merged: Iterable[Metric] = MultiProcessCollector.merge(files)  # type: ignore[no-untyped-call]  # the library's
    return list(merged)
