"""What recommendations can be ordered by."""

from __future__ import annotations

from typing import Literal

Order = Literal["relevance", "rating"]  # as `recsys.artifact.ORDERS`; a client needs no more of the artefact than this
