"""Factors as the rows that the sampler begins with."""

from __future__ import annotations

import torch
from torch import Tensor

from recsys.linalg.leading import balanced
from recsys.models.user_item_embedding import UserItemEmbedding


@torch.no_grad()
def centred_rows(model: UserItemEmbedding, mean: float) -> tuple[Tensor, Tensor]:
    """A point estimate as rows (b_u, p_u) and (c_i, q_i) beside a mean μ, (n_users, k + 1) and (n_items, k + 1).

    P Qᵀ = (P − 1p̄ᵀ)(Q − 1q̄ᵀ)ᵀ + P q̄ 1ᵀ + 1 (Q p̄)ᵀ − p̄·q̄: what users or items have in common goes into the effects,
    and the rest is shared evenly between both factors. What is near in P and Q is near in the rows, so that the order
    of additions, which depends on the number of processes, leads to no other chain.
    """
    p, q = model.user_factors.detach().cpu(), model.item_factors.detach().cpu()
    p_mean, q_mean = (model.share.sum(p.double().sum(0)) / model.share.total).float(), q.mean(0)
    left, right = balanced(p - p_mean, q - q_mean, model.share)
    user_effects = model.user_bias.detach().cpu()[:, 0] + p @ q_mean
    item_effects = model.item_bias.detach().cpu()[:, 0] + q @ p_mean - p_mean @ q_mean - mean
    return torch.cat([user_effects[:, None], left], 1), torch.cat([item_effects[:, None], right], 1)
