"""The penalties of the experiments, for λ = 1."""

from __future__ import annotations

from recsys.penalties import NuclearNormPenalty, Penalty, RatioPenalty, SchattenRatioPenalty

PENALTIES: dict[str, Penalty | None] = {
    "ratio": RatioPenalty(1.0),
    "schatten_1/2:2/3": SchattenRatioPenalty(1.0, 1 / 2, 2 / 3),
    "schatten_1/3:2/3": SchattenRatioPenalty(1.0, 1 / 3, 2 / 3),
    "schatten_1/3:1/2": SchattenRatioPenalty(1.0, 1 / 3, 1 / 2),
    "nuclear": NuclearNormPenalty(1.0),
    "none": None,
}
