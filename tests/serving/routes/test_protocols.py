"""Which protocol an address belongs to, and where no key is needed."""

from __future__ import annotations

import pytest

from serving.routes.kserve.inference import KSERVE
from serving.routes.mlflow.scoring import MLFLOW
from serving.routes.native.protocol import NATIVE
from serving.routes.operation import OPERATION
from serving.routes.protocol import Protocol
from serving.routes.protocols import PROTOCOLS, protocol_at


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/ratings", NATIVE), ("/v1/nowhere", NATIVE), ("/nowhere", NATIVE), ("/", NATIVE), ("/v20", NATIVE),
        ("/v2", KSERVE), ("/v2/", KSERVE), ("/v2/nowhere", KSERVE), ("/v2/health/live", KSERVE),
        ("/ping", MLFLOW), ("/health", MLFLOW), ("/health/", MLFLOW), ("/invocations", MLFLOW), ("/version", MLFLOW),
        ("/health/live", OPERATION), ("/metrics", OPERATION),
    ],
)  # fmt: skip
def test_an_address_belongs_to_a_protocol_whether_or_not_there_is_anything_at_it(path: str, expected: Protocol) -> None:
    assert protocol_at(path) is expected


def test_probes_are_open_and_nothing_else() -> None:
    assert frozenset().union(*(protocol.open_paths for protocol in PROTOCOLS)) == {
        "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready", "/ping", "/health",
    }  # fmt: skip
