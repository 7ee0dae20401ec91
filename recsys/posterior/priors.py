"""The prior of one side's vectors: a mean that may depend on features, and a precision matrix, both sampled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor

from recsys.linalg.tall import column_space
from recsys.posterior.draws import Normal, correlated, gamma, wishart
from recsys.share import Share

State = dict[str, Tensor]
_MEAN_WEIGHT = 1.0  # β₀: the prior of the mean counts like one row
_CONSTANT = 1e-6  # what single precision leaves of a column that is the same in all rows, relative to it
_STRENGTH = 4.0  # λ_b to start with: features explain a fifth of the variance until the first draw


class NewRow(NamedTuple):
    """The prior of a row that is not among the n: p ~ N(mean + x weights, covariance), x (f,) one of its features."""

    mean: Tensor  # (d,), of x = 0
    covariance: Tensor  # (d, d)
    weights: Tensor | None  # (f, d); None without such features


class FeaturePrior:
    """p_j ~ N(μ + Σ_b x_jb B_b, Λ⁻¹) for rows j, with feature matrices X_b (n, f_b) and weights B_b (f_b, d).

    The weights have B_b ~ N(0, I ⊗ Λ⁻¹/λ_b), and λ_b ~ Gamma(1, 1), μ ~ N(0, (β₀ Λ)⁻¹), Λ ~ Wishart(I, d). With the
    decomposition X_b = U diag(s) Vᵀ only C = diag(s) Vᵀ B_b matters, whose rows are independent given everything else:
    c_l ~ N(h_l y_l, h_l Λ⁻¹) with h_l = s_l² / (s_l² + λ_b) and y = Uᵀ (P − μ − the other features' part). A draw costs
    two products with U, however many features there are. X_b is scaled to a mean squared row norm of 1.

    Only rows with ratings say something of the parameters. The others are left out of each draw; their prior means come
    from what of their features lies in the row space of the rated ones. X_b is centred over the rated rows, so that μ
    is the mean row and independent of the weights. If it were not, μ and the weights would be drawn in turn along a
    ridge, which hundreds of sweeps do not get across, and a row far from the others, such as one of zeros, would have
    any mean.

    Source: Simm et al., "Macau: scalable Bayesian factorization with high-dimensional side information using MCMC",
    2017, section 2; the decomposition is our own way to draw its weights.
    """

    def __init__(self, rated: Tensor, d: int, features: Sequence[Tensor], rows: Share) -> None:
        """Decompose the feature matrices; one that is the same for all rated rows says nothing and is left out.

        Args:
            rated: which of the n rows have ratings, (n,) bool.
            d: the length of a row.
            features: matrices X_b, (n, f_b).
            rows: which of all rows these n are; sums are those of all.

        Raises:
            ValueError: a matrix does not have n rows.
        """
        self.rated, self.n, self.d, self._rows = rated, int(rows.sum(rated.sum())), d, rows
        self.given: list[int] = []  # which of the matrices each of those below is of
        self.maps: list[Tensor] = []  # V diag(s)⁻¹, (f_b, r_b), float64
        self.centres: list[Tensor] = []  # mean of the rated rows of X_b, (f_b,), float64
        self.bases: list[Tensor] = []  # U, (n, r_b); orthonormal in the rated rows
        self.squares: list[Tensor] = []  # s², (r_b,), float64
        for place, matrix in enumerate(features):
            if len(matrix) != len(rated):
                raise ValueError(f"features need {len(rated)} rows, not {len(matrix)}")
            centre = rows.sum(matrix[rated].double().sum(0)) / self.n
            centred = matrix.double() - centre
            of_rated = centred[rated]
            if self._norm(of_rated) <= _CONSTANT * self._norm(matrix):
                continue
            basis, values = column_space(of_rated, rows)
            onto_basis = rows.sum(of_rated.T @ basis) / values.square()  # V diag(s)⁻¹
            every = centred @ onto_basis  # which is U in the rated rows
            self.given.append(place)
            self.maps.append(onto_basis)
            self.centres.append(centre)
            self.bases.append(every.float())
            self.squares.append(values.square() * (self.n / values.square().sum()))
        self.mean = torch.zeros(d, dtype=torch.float64)  # μ
        self.precision = 10 * torch.eye(d, dtype=torch.float64)  # Λ
        self.strengths = torch.full((len(self.bases),), _STRENGTH, dtype=torch.float64)  # λ
        self.parts = torch.zeros(len(self.bases), len(rated), d)  # x_jb B_b

    def normal(self) -> Normal:
        """The prior of the rows for the present weights: means (n, d) and precision (d, d), float32."""
        return Normal(self.mean.float() + self.parts.sum(0), self.precision.float())

    def new_row(self, described_by: int | None) -> NewRow:
        """The prior of a row that is not there, whose features of the matrix at a place will be known, or none.

        Its other features are taken to vary as those of the rated rows, whose parts U C have the covariance CᵀC / n.
        """
        mean, covariance, weights = self.mean.clone(), torch.linalg.inv(self.precision), None
        for b in range(len(self.bases)):
            of_basis = self._of_basis(b)  # C
            if self.given[b] == described_by:
                weights = self.maps[b] @ of_basis
                mean -= self.centres[b] @ weights
            else:
                covariance += of_basis.T @ of_basis / self.n
        return NewRow(mean, covariance, weights)

    def affine_rows(self, described_by: Collection[int]) -> Tensor:
        """Rows (1 + f, d), float64: the prior mean of a row is (1, x) times them.

        x (f,) are its features of the matrices at some places, all that are not left out; the others' are taken as 0.
        """
        mean, weights = self.mean.clone(), []
        for b, place in enumerate(self.given):
            of_features = self.maps[b] @ self._of_basis(b)
            mean -= self.centres[b] @ of_features
            if place in described_by:
                weights.append(of_features)
        return torch.cat([mean[None], *weights])

    def _of_basis(self, b: int) -> Tensor:
        """C of the present weights, (r, d), float64: the part of the features is U C."""
        of_rated: Tensor = self._rows.sum(self.parts[b][self.rated].T @ self.bases[b][self.rated])
        return of_rated.T.double()

    def sample(self, rows: Tensor, generator: Generator) -> None:
        """Draw the weights, their strengths λ_b, then Λ and μ together, given the rows (n, d)."""
        d, scatter, degrees = self.d, torch.eye(self.d, dtype=torch.float64), float(self.d + self.n)
        for b, (basis, squares) in enumerate(zip(self.bases, self.squares, strict=True)):
            others = self.normal().mean - self.parts[b]
            # several times faster so
            target = self._rows.sum((rows - others)[self.rated].T @ basis[self.rated]).T.double()  # (r, d)
            kept = (squares / (squares + self.strengths[b]))[:, None]
            weights = kept * target + kept.sqrt() * correlated(len(squares), self.precision, generator)
            self.parts[b] = (weights.float().T @ basis.T).T
            size = ((weights @ self.precision) * weights).sum(1) / squares
            self.strengths[b] = gamma(1 + len(squares) * d / 2, 1 + size.sum() / 2, generator)
            scatter += self.strengths[b] * (weights / squares[:, None]).T @ weights
            degrees += len(squares)
        beyond = (rows - self.parts.sum(0))[self.rated].double()
        mean = self._rows.sum(beyond.sum(0)) / self.n
        scatter += self._rows.sum((beyond - mean).T @ (beyond - mean))
        scatter += self.n * _MEAN_WEIGHT / (self.n + _MEAN_WEIGHT) * torch.outer(mean, mean)
        self.precision = wishart(scatter, degrees, generator)
        weight = self.n + _MEAN_WEIGHT
        self.mean = mean * (self.n / weight) + correlated(1, self.precision * weight, generator)[0]

    def state(self) -> State:
        """Everything that a draw changes."""
        state = {name: getattr(self, name).clone() for name in ("mean", "precision", "strengths")}
        return {**state, "parts": self._rows.to_first(self.parts.transpose(0, 1)).transpose(0, 1).clone()}

    def load_state(self, state: State) -> None:
        """Go on from what `state` gave."""
        for name, value in state.items():
            setattr(self, name, (value[:, self._rows.rows] if name == "parts" else value).clone())

    def _norm(self, matrix: Tensor) -> float:
        """‖X‖_F of a matrix of which this process has the rows."""
        return float(self._rows.sum(matrix.double().square().sum()).sqrt())
