"""The protocols that the server speaks, and which of them an address belongs to."""

from __future__ import annotations

from serving.routes.kserve.inference import KSERVE
from serving.routes.mlflow.scoring import MLFLOW
from serving.routes.native.protocol import NATIVE
from serving.routes.operation import OPERATION
from serving.routes.protocol import Protocol

PROTOCOLS = (NATIVE, MLFLOW, KSERVE, OPERATION)


def protocol_at(path: str) -> Protocol:
    """Which protocol an address belongs to, whether or not there is anything at it; the native one if no other."""
    return next((protocol for protocol in PROTOCOLS if protocol.owns(path)), NATIVE)
