"""What the draws of a model say of users who are not among those of the training."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def spread(vectors: npt.NDArray[Any], covariance: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """zᵀ V z, (…, n), of vectors (…, n, d)."""
    squares: npt.NDArray[Any] = ((vectors @ covariance) * vectors).sum(-1)
    return squares


class Newcomers:
    """In each of s draws a new user's row is r = (p, b) ~ N(m, C), and the noise's precision α ~ Gamma(ν, ν / ᾱ).

    A rating of an item comes from y = c + z · r + ε, with c and z = (q, 1) of the item's draw (c, q, 1, …), (s, width).
    In a model with windows of time, those of a new user are not known, and their variance is added to 1/ᾱ.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take over what the arrays say."""
        # Of the artefact (b, p), and here (p, b), as the columns of an item's draws are.
        self.means: Numbers = np.roll(arrays["newcomer_means"].astype(np.float64), -1, -1)  # m, (s, d)
        of_rows = arrays["newcomer_covariances"].astype(np.float64)
        self.covariances: Numbers = np.roll(of_rows, (-1, -1), (-2, -1))  # C, (s, d, d)
        self.shapes: Numbers = arrays["newcomer_shapes"].astype(np.float64)  # ν, (s,)
        of_time = arrays["new_window_variances"].sum(dtype=np.float64) if "window_keys" in arrays else 0.0
        self.precisions: Numbers = 1 / (1 / arrays["newcomer_precisions"].astype(np.float64) + of_time)  # ᾱ, (s,)
        self.noise = float(np.mean(self.shapes / self.precisions / (self.shapes - 1)))  # E 1/α
        self.width: int = 1 + self.means.shape[1]  # of c and z
        self._left_open = arrays["user_open"][:, 1].mean()

    def variances(
        self, arrays: dict[str, npt.NDArray[Any]], asked: npt.NDArray[Any], rows: Numbers, covariances: Numbers
    ) -> Numbers:
        """Variances (n,) of y without the noise, for items at positions (n,) of arrays with `item_draws`.

        zᵀ V z, the mean over the draws, and the variance of the draws' means, for rows (s, d) with covariances V
        (s, d, d); and, of items without ratings, what their own rows leave open for the average user.
        """
        draws = arrays["item_draws"]
        variance, drawn = np.zeros(len(asked)), np.empty((len(rows), len(asked)))
        for draw, (row, covariance) in enumerate(zip(rows, covariances, strict=True)):
            vectors = draws[asked, draw, 1 : self.width].astype(np.float64)
            drawn[draw] = draws[asked, draw, 0] + vectors @ row
            variance += spread(vectors, covariance) / len(rows)
        if len(rows) > 1:
            variance += drawn.var(0, ddof=1)
        left_open: Numbers = variance + arrays["item_open"][asked, 1] * self._left_open
        return left_open
