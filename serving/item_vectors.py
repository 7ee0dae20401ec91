"""A short vector for each item, so that items can be compared and new users folded in."""

from __future__ import annotations

import numpy as np

from recsys.artifact import Artifact, ArtifactError, Floats

# Directions kept. On MovieLens-100K the interactions of a LinearNetwork have a few large directions and a long tail of
# small ones; 32 hold what generalises and keep an answer about all items below a millisecond.
DIMENSION = 32


def item_vectors(artifact: Artifact) -> Floats:
    """Vectors Q (n_items, k) of the items, from the leading right singular directions of the interactions.

    The interactions D (n_users, n_items) are what the model says beyond the damped means of the training ratings,
    D_ui = W_ui − (μ + b_u + b_i). With D = U diag(σ) Vᵀ, the vectors are Q = V_k diag(σ_k) / √n_users, so that the
    users' vectors √n_users U_k have a mean square of 1 in every direction, and q_i · q_j is the mean product of the
    interactions of items i and j over all users.

    Raises:
        ArtifactError: the model's numbers are so large that their products are no numbers.
    """
    return _of_matrix(artifact) if "matrix" in artifact.arrays else _of_factors(artifact)


def _finite(product: Floats) -> Floats:
    if not np.isfinite(product).all():  # a decomposition might never end
        raise ArtifactError("the interactions of users and items are too large to be decomposed.")
    return product


def _of_matrix(artifact: Artifact) -> Floats:
    """By the eigenvectors of the smaller Gram matrix, D Dᵀ or DᵀD, which is enough for the leading directions."""
    arrays = artifact.arrays
    mean = np.float32(artifact.manifest.global_mean)
    interactions = arrays["matrix"] - (mean + arrays["user_means"])[:, None] - arrays["item_means"]
    n_users, n_items = interactions.shape
    if n_users <= n_items:
        _, left = np.linalg.eigh(_finite(interactions @ interactions.T))  # ascending
        vectors = interactions.T @ left[:, : -DIMENSION - 1 : -1]  # Dᵀ U = V diag(σ)
    else:
        _, right = np.linalg.eigh(_finite(interactions.T @ interactions))
        right = right[:, : -DIMENSION - 1 : -1]
        vectors = right * np.linalg.norm(interactions @ right, axis=0)  # more exact than roots of the eigenvalues
    scaled: Floats = (vectors / np.sqrt(n_users)).astype(np.float32)
    return scaled


def _of_factors(artifact: Artifact) -> Floats:
    """Without forming D, which is L Rᵀ with L = [P, b − b_u − μ, 1] and R = [Q, 1, b' − b_i], b and b' the model's."""
    arrays = artifact.arrays
    user_bias, item_bias = arrays["user_bias"], arrays["item_bias"]  # (n_users, 1), (n_items, 1)
    beyond_user = user_bias - arrays["user_means"][:, None] - np.float32(artifact.manifest.global_mean)
    beyond_item = item_bias - arrays["item_means"][:, None]
    left = np.hstack([arrays["user_factors"], beyond_user, np.ones_like(user_bias)])  # (n_users, k + 2)
    right = np.hstack([arrays["item_factors"], np.ones_like(item_bias), beyond_item])  # (n_items, k + 2)
    basis, triangle = np.linalg.qr(right)
    _, values, directions = np.linalg.svd(_finite(np.linalg.qr(left, mode="r") @ triangle.T), full_matrices=False)
    kept = slice(DIMENSION)
    vectors = basis @ (directions[kept].T * values[kept])
    scaled: Floats = (vectors / np.sqrt(user_bias.shape[0])).astype(np.float32)
    return scaled
