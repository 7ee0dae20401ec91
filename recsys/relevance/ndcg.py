"""How well a ranking puts what is relevant first."""

from __future__ import annotations

import torch
from torch import Tensor


def ndcg(scores: Tensor, relevant: Tensor, k: int) -> Tensor:
    """NDCG@k of the rankings by scores (b, m) for which of the m are relevant (b, m) bool, (b,); 0 where none is.

    DCG = Σ_{place p ≤ k} [relevant] / log₂(p + 1), and NDCG = DCG / the greatest DCG there can be. Source: Järvelin and
    Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 2002.
    """
    k = min(k, scores.shape[1])
    discounts = torch.arange(2, k + 2, dtype=torch.float64).log2().reciprocal()
    found = relevant.gather(1, scores.topk(k, dim=1).indices).double() @ discounts
    greatest = torch.nn.functional.pad(discounts.cumsum(0), (1, 0))[relevant.sum(1).clamp(max=k)]
    return torch.where(greatest > 0, found / greatest, 0.0)
