"""Whether the truth minimises the ratio penalty among matrices with the same observed entries, near it, line by line.

Let W = U Σ Vᵀ of rank r be the truth, and d a change of its column j in unobserved places alone. Then the ratio
changes, to first order and times ‖W‖_F, by

    gᵀ d + ‖v⊥‖ ‖P⊥ d‖,    g = U (I − ρ Σ) Vᵀ e_j,  ρ = ‖W‖_* / ‖W‖_F²,

with P⊥ = I − U Uᵀ and v⊥ = (I − V Vᵀ) e_j. It falls for some d if and only if the slope
√(g_Eᵀ (I − U_E U_Eᵀ)⁻¹ g_E) / ‖v⊥‖ is above 1, where E are the unobserved places; then the truth is no minimum, however
many columns are known. Where fewer entries are observed than the rank, I − U_E U_Eᵀ is singular, the slope infinite.

    python -m synthetic.identifiability  # the steepest row or column for the problems of Table 1
"""

from __future__ import annotations

import torch
from torch import Tensor

from synthetic.problems import low_rank_problems
from synthetic.table1.cells import VARIANTS

LARGEST = 200  # rows or columns of the problems that the command looks at
SEEDS = range(5)


def column_slopes(truth: Tensor, observed: Tensor) -> Tensor:
    """The slopes of a matrix's columns, (m,); above 1 the truth is no minimum of the ratio.

    Args:
        truth: W, (n, m), not zero.
        observed: (n, m), bool.
    """
    rank = int(torch.linalg.matrix_rank(truth))
    left, values, right = torch.linalg.svd(truth, full_matrices=False)
    left, values, right = left[:, :rank], values[:rank], right[:rank]
    gradient = (left * (1 - values * values.sum() / values.square().sum())) @ right  # (n, m)
    apart = (1 - right.square().sum(0)).clamp(min=0).sqrt()  # (m,), ‖v⊥‖
    return torch.stack([_slope(left[~known], gradient[~known, j]) / apart[j] for j, known in enumerate(observed.mT)])


def _slope(left: Tensor, gradient: Tensor) -> Tensor:
    """√(gᵀ (I − U Uᵀ)⁻¹ g); infinite where the matrix is singular, in whose kernel g has a part."""
    values, vectors = torch.linalg.eigh(torch.eye(len(left), dtype=left.dtype) - left @ left.mT)
    parts = (vectors.mT @ gradient).square()
    rounding = len(left) * torch.finfo(left.dtype).eps
    singular = values <= rounding
    if bool((parts[singular] > rounding).any()):
        return torch.tensor(torch.inf, dtype=left.dtype)
    slope: Tensor = (parts[~singular] / values[~singular]).sum().sqrt()
    return slope


def main() -> None:
    """Print the steepest row or column of every problem of a moderate size."""
    for name, problem in VARIANTS.items():
        if max(problem.get("shape", (0, 0))) > LARGEST or name == "annealed":
            continue
        problems = low_rank_problems(SEEDS, **problem)
        steepest = []
        for truth, observed in zip(problems.truth, problems.observed, strict=True):
            slopes = torch.cat([column_slopes(truth, observed), column_slopes(truth.mT, observed.mT)])
            counts = torch.cat([observed.sum(0), observed.sum(1)])
            worst = int(slopes.argmax())
            steepest.append(f"{float(slopes[worst]):.2f} ({int(counts[worst])} entries)")
        print(f"{name or '100x100'}: {', '.join(steepest)}")


if __name__ == "__main__":
    main()
