"""How λ and the learning rate fall during training."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Annealing:
    """λ and the learning rate stay while the matrix finds its rank, then both fall, tenfold every so many steps.

    What λ leaves of error falls with its square, and a learning rate that stayed would keep the small singular values
    from falling. They fall to where the Gram matrix would lose them in rounding, √ε σ₁ = 1e-8 σ₁, so annealed training
    decomposes the end product itself, which makes a step about half as long again. It never counts as converged.
    """

    constant_steps: int
    steps_per_decade: int

    def factor(self, step: int) -> float:
        """What λ and the learning rate are multiplied with in the step after `step` others."""
        return math.pow(10, -max(0, step - self.constant_steps) / self.steps_per_decade)
