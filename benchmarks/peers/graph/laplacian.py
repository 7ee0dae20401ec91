"""Graphs of users or of items that are alike in their features, for the methods that want predictions smooth on one."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmarks.peers.peer import Floats


def laplacian(features: Floats, neighbours: int) -> Tensor:
    """Normalised Laplacian I − D^−½ A D^−½ of the graph of nearest neighbours, (n, n), with eigenvalues in [0, 2].

    Two nodes are joined if either is among the `neighbours` nearest of the other, by the Euclidean distance of their
    features (n, d). Of equally near ones, those with the least indices count as nearest.
    """
    points = torch.from_numpy(features).double()
    distances = torch.cdist(points, points).fill_diagonal_(torch.inf)
    nearest = distances.argsort(dim=1, stable=True)[:, :neighbours]
    adjacency = torch.zeros_like(distances).scatter_(1, nearest, 1.0)
    adjacency = torch.maximum(adjacency, adjacency.T)
    root = adjacency.sum(1).clamp(min=1).rsqrt()
    identity = torch.eye(len(points), dtype=torch.float64)
    return (identity - root[:, None] * adjacency * root).float()
