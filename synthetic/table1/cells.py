"""The cells of Table 1 and the rows beyond it: which problem, which optimiser, which grid."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from synthetic.optimizers import OPTIMIZERS
from synthetic.penalties import PENALTIES

PAPER_OPTIMIZERS = ("adam", "adagrad", "adamax", "rmsprop", "gd")
PAPER_DEPTHS = (1, 3)

# What is asked of every penalised cell. The mean squared error's gradient in an entry is its error / 1000, the ratio
# penalty's is about λ / 1000 (U Vᵀ has entries of 0.1, ‖W‖_F is 100).
STRENGTHS = {"adagrad": (1e-4, 1e-3, 1e-2), "gd": (1e-6, 1e-5, 1e-4)}
ADAPTIVE_STRENGTHS = (1e-5, 1e-4, 1e-3)
NOISY_STRENGTHS = (1e-2, 1e-1, 3e-1)  # from 0.1 on, the penalty outweighs what noise of 0.1 adds to the gradient
# Adaptive optimisers move an entry by about the learning rate a step and have to go 1 to 3; Adagrad slows down on the
# way. Gradient descent moves by the gradient, which is small since the loss is a mean over 2,000 entries; at depth 3 it
# leaves the saddle at zero only with rates near the largest stable one, which is about 3.
LEARNING_RATES = {
    ("adagrad", 1): (1e-1, 1.0),
    ("adagrad", 3): (1e-2, 3e-2, 1e-1),
    ("rmsprop", 1): (3e-3, 1e-2),
    ("rmsprop", 3): (1e-3, 3e-3),
    ("gd", 1): (10.0, 500.0),
    ("gd", 3): (1.0, 3.0),
}
ADAPTIVE_LEARNING_RATES = (3e-3, 1e-2)
LARGE_GRID = [(1e-4, 1e-2)]  # where a step takes hundreds of times as long
# Adagrad's learning rate falls by itself, and gradient descent's steps do with the gradient.
RATES_FALL = frozenset(OPTIMIZERS) - {"adagrad", "gd"}
# At the start ‖W‖_F is 0.01 and the penalty's gradient ten thousand times that of the end. The second moments of
# unobserved entries, which have no other gradient, forget it in 18,000 steps with β₂ = 0.999, in 360 with 0.95. As λ
# falls, gradients fall below the usual ε of 1e-8.
_SHORT_MEMORY = {"betas": (0.9, 0.95), "eps": 1e-30}
OPTIONS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("adam", "adamax", "adamw", "nadam", "radam", "amsgrad"), _SHORT_MEMORY),
    "rmsprop": {"eps": 1e-30},
}

# Problems other than 100×100 of rank 5 with 2,000 observed entries. Where the rank grows the observations do, to keep
# two for each degree of freedom, r (n + m − r), as far as there are that many; large matrices have five.
VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "rank-2": {"rank": 2},
    "rank-10": {"rank": 10, "observed": 4000},
    "rank-20": {"rank": 20, "observed": 7200},
    "rectangular": {"shape": (60, 150)},
    "rectangular-3000": {"shape": (60, 150), "observed": 3000},
    "noisy": {"noise": 0.1},
    "300x300": {"shape": (300, 300), "rank": 10, "observed": 29_500},
    "1000x1000": {"shape": (1000, 1000), "rank": 10, "observed": 99_500},
    "annealed": {},
}


@dataclass(frozen=True)
class Cell:
    """An entry of the table: an optimiser on networks of one depth with one penalty, on one kind of problem."""

    optimizer: str
    depth: int
    penalty: str
    variant: str = ""

    @override
    def __str__(self) -> str:
        parts = [self.optimizer, str(self.depth), self.penalty, self.variant]
        return ":".join(part for part in parts if part)

    @property
    def problem(self) -> dict[str, Any]:
        """Arguments of `low_rank_problems`."""
        return VARIANTS[self.variant]

    @property
    def grid(self) -> list[tuple[float, float]]:
        """Pairs of λ and learning rate."""
        if self.variant == "1000x1000":
            return LARGE_GRID
        rates = LEARNING_RATES.get((self.optimizer, min(self.depth, 3)), ADAPTIVE_LEARNING_RATES)
        strengths: tuple[float, ...] = STRENGTHS.get(self.optimizer, ADAPTIVE_STRENGTHS)
        if "noise" in self.problem:
            strengths = NOISY_STRENGTHS
        if self.penalty == "none":
            strengths = (0.0,)
        return [(strength, rate) for strength in strengths for rate in rates]


def parse(text: str) -> Cell:
    """The cell that is written as OPTIMIZER:DEPTH:PENALTY or OPTIMIZER:DEPTH:PENALTY:VARIANT.

    Raises:
        ValueError: a part is missing or unknown.
    """
    optimizer, _, rest = text.partition(":")
    depth, _, rest = rest.partition(":")
    # Names of Schatten ratios contain a colon themselves.
    penalty = next((name for name in PENALTIES if rest == name or rest.startswith(f"{name}:")), None)
    variant = rest.removeprefix(penalty).removeprefix(":") if penalty else ""
    if optimizer not in OPTIMIZERS or not depth.isdigit() or int(depth) < 1 or not penalty or variant not in VARIANTS:
        raise ValueError(
            f"{text!r} is no cell: it should be OPTIMIZER:DEPTH:PENALTY or OPTIMIZER:DEPTH:PENALTY:VARIANT with one of "
            f"{', '.join(OPTIMIZERS)}; a depth from 1; one of {', '.join(PENALTIES)}; "
            f"and one of {', '.join(filter(None, VARIANTS))}"
        )
    return Cell(optimizer, int(depth), penalty, variant)


def paper_cells() -> list[Cell]:
    """The 60 cells of the paper's Table 1; the penalty that it is about first, since a run may be stopped."""
    return [Cell(o, d, penalty) for penalty in PENALTIES for o in PAPER_OPTIMIZERS for d in PAPER_DEPTHS]


def extra_cells() -> list[Cell]:
    """Optimisers and problems that the paper's Table 1 does not have."""
    others = [name for name in OPTIMIZERS if name not in PAPER_OPTIMIZERS]
    return [
        *(Cell("adam", 1, "ratio", variant) for variant in reversed(VARIANTS) if variant),
        *(Cell(name, depth, "ratio", "annealed") for name, depth in (("adam", 3), ("adamax", 1), ("adamax", 3))),
        *(Cell(name, depth, "ratio") for name in others for depth in PAPER_DEPTHS),
    ]


def paper_values() -> dict[str, tuple[float, int]]:
    """Test error and effective rank in the paper's Table 1, by the name of the cell."""
    with (Path(__file__).parent / "paper.csv").open() as file:
        return {
            f"{row['optimizer'].lower()}:{row['depth']}:{row['penalty']}": (
                float(row["test_error"]),
                int(row["effective_rank"]),
            )
            for row in csv.DictReader(file)
        }
