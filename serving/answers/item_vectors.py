"""A short vector for each item, so that items can be compared and new users folded in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from recsys.artifact import Artifact, ArtifactError, Floats, Known

# Directions kept. On MovieLens-100K the interactions of a LinearNetwork have a few large directions and a long tail of
# small ones; 32 hold what generalises and keep an answer about all items below a millisecond.
DIMENSION = 32
# Of the iteration that finds them: vectors more than are kept make it converge fast, from the first ones on.
_ITERATED = 2 * DIMENSION
_ROUNDS = 30  # a matrix that is nothing but noise has no leading directions to wait for
_ROWS = 4096  # whose products are added up together
BLOCK = 256  # columns of the interactions that are looked at together: a megabyte of 943 users


def item_vectors(artifact: Artifact) -> Floats:
    """Vectors Q (n_items, k) of the items, from the leading right singular directions of the interactions.

    The interactions D (n_users, n_items) are what the model says beyond the damped means of the training ratings,
    D_ui = W_ui − (μ + b_u + b_i). With D = U diag(σ) Vᵀ, the vectors are Q = V_k diag(σ_k) / √m, so that the vectors
    √m U_k of the m users of whom the model knows something have a mean square of 1 in every direction, and q_i · q_j is
    the mean product of the interactions of items i and j over these users. The other users and items of which nothing
    is known have D_ui = 0. Of a model that was averaged over its posterior, W is the mean of the normal variable that
    ratings come from, apart from time; artefacts of formats 3 and 4 have the predictions themselves.

    Raises:
        ArtifactError: the model's numbers are so large that their products are no numbers.
    """
    return _from_matrix(artifact) if "matrix" in artifact.arrays else _from_factors(artifact)


def _finite(product: Floats) -> Floats:
    if not np.isfinite(product).all():  # a decomposition might never end
        raise ArtifactError("the interactions of users and items are too large to be decomposed.")
    return product


def _from_matrix(artifact: Artifact) -> Floats:
    """By the eigenvectors of the smaller Gram matrix, D Dᵀ or DᵀD, which is enough for the leading directions."""
    n_users, n_items = artifact.arrays["matrix"].shape
    gram: Floats = np.zeros((min(n_users, n_items),) * 2, np.float32)
    for block in _blocks(artifact):
        gram += block @ block.T
    gram /= max(float(_finite(gram).max()), float(np.finfo(np.float32).tiny))  # so that its products are finite, too
    leading = _leading_eigenvectors(gram)
    products = np.vstack([block.T @ leading for block in _blocks(artifact)])
    # Dᵀ U = V diag(σ); the norms of D V are more exact than roots of the eigenvalues.
    vectors = products if n_users <= n_items else leading * np.linalg.norm(products, axis=0)
    scaled: Floats = (vectors / np.sqrt(artifact.user_known.sum())).astype(np.float32)
    return scaled


def _leading_eigenvectors(gram: Floats) -> Floats:
    """Eigenvectors (n, k) of a positive semidefinite matrix (n, n) with the largest eigenvalues, largest first.

    Orthogonal iteration, Q ← qr(G Q), and in the end the eigenvectors of QᵀGQ, until the eigenvalues stand still to the
    rounding of float32. A whole decomposition takes five times as long and, for a moment, as much memory as three of
    the models that are served.
    """
    start = np.random.default_rng(0).standard_normal((len(gram), min(_ITERATED, len(gram))), np.float32)
    basis, _ = np.linalg.qr(start)
    before = np.zeros(basis.shape[1], np.float32)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(gram @ basis)
        values, rotation = np.linalg.eigh(basis.T @ gram @ basis)  # ascending
        if np.abs(values - before)[-DIMENSION:].max() <= 1e-6 * values[-1]:
            break
        before = values
    leading: Floats = basis @ rotation[:, : -DIMENSION - 1 : -1]
    return leading


def _blocks(artifact: Artifact) -> Iterator[Floats]:
    """D, or Dᵀ if there are more users than items, in blocks of columns: never a second array as large as W."""
    arrays = artifact.arrays
    matrix, user_means, item_means = arrays["matrix"], arrays["user_means"], arrays["item_means"]
    row_known, column_known = artifact.user_known[:, None], artifact.item_known
    if len(user_means) > len(item_means):
        matrix, user_means, item_means = matrix.T, item_means, user_means
        row_known, column_known = artifact.item_known[:, None], artifact.user_known
    rows = (np.float32(artifact.manifest.global_mean) + user_means)[:, None]
    for begin in range(0, len(item_means), BLOCK):
        columns = slice(begin, begin + BLOCK)
        yield (matrix[:, columns] - rows - item_means[columns]) * (row_known & column_known[columns])


def _from_factors(artifact: Artifact) -> Floats:
    """Without forming D, which is L Rᵀ with L = [P, b − b_u − μ, 1] and R = [Q, 1, b' − b_i], b and b' the model's.

    Where the model has no biases, they are in its factors, and b and b' are 0. With G = LᵀL and its root, D = U G½ Rᵀ
    for some U with orthonormal columns. So V diag(σ) = R G½ W, W the eigenvectors of G½ RᵀR G½. Numbers are float64,
    as the sums of squares need.
    """
    arrays = artifact.arrays
    users, items = arrays["user_factors"], arrays["item_factors"]
    beyond_user = arrays.get("user_bias", np.float32(0)) - arrays["user_means"][:, None]
    beyond_user = beyond_user - np.float32(artifact.manifest.global_mean)  # (n_users, 1)
    beyond_item = arrays.get("item_bias", np.float32(0)) - arrays["item_means"][:, None]  # (n_items, 1)
    left = np.hstack([users, beyond_user, np.ones_like(beyond_user)])  # (n_users, k + 2)
    right = np.hstack([items, np.ones_like(beyond_item), beyond_item])  # (n_items, k + 2)
    values, directions = np.linalg.eigh(_gram(left, artifact.user_known))
    root = directions * np.sqrt(values.clip(0)) @ directions.T
    _, leading = np.linalg.eigh(root @ _gram(right, artifact.item_known) @ root)  # ascending
    to_vectors = root @ leading[:, : -DIMENSION - 1 : -1] / np.sqrt(artifact.user_known.sum())
    vectors: Floats = (right.astype(np.float64) @ to_vectors * artifact.item_known[:, None]).astype(np.float32)
    return _finite(vectors)


def _gram(rows: Floats, known: Known) -> npt.NDArray[np.float64]:
    """AᵀA (k, k) of those rows A (n, k) of which something is known."""
    gram = np.zeros((rows.shape[1],) * 2)
    for start in range(0, len(rows), _ROWS):
        block = rows[start : start + _ROWS].astype(np.float64) * known[start : start + _ROWS, None]
        gram += block.T @ block
    return gram
