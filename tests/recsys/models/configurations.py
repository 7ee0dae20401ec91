"""A configuration of each kind of model, for the tests that run over all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from recsys.models import BayesianEmbedding, LinearNetwork, RatingModel, UserItemEmbedding
from recsys.penalties import NuclearNormPenalty, RatioPenalty, SchattenRatioPenalty
from recsys.starts import NearZero
from tests.recsys.small_ratings import N_ITEMS, N_USERS, every_pair

Network = partial(LinearNetwork, N_USERS, N_ITEMS)


Embedding = partial(UserItemEmbedding, N_USERS, N_ITEMS)


ADAM = partial(torch.optim.Adam, lr=0.1)


@dataclass(frozen=True)
class Configuration:
    make: Callable[[], RatingModel]
    full_batches: bool = True
    generalises: bool = True
    """Whether a fit says something of ratings that it has not seen."""


CONFIGURATIONS = {
    "matrix": Configuration(Network, generalises=False),  # moves no entry without a rating
    "matrix, ratio": Configuration(partial(Network, penalty=RatioPenalty(0.3))),
    "matrix, ratio, near zero": Configuration(partial(Network, penalty=RatioPenalty(0.3), start=NearZero(1.0))),
    "depth 2, nuclear norm": Configuration(partial(Network, depth=2, penalty=NuclearNormPenalty(0.003))),
    "depth 3, Schatten": Configuration(partial(Network, depth=3, penalty=SchattenRatioPenalty(0.05, 1 / 2, 2 / 3))),
    "embedding": Configuration(partial(Embedding, dimension=5), full_batches=False),
    "embedding, users": Configuration(partial(Embedding, dimension=4, user_penalty=RatioPenalty(0.1))),
    "embedding, items": Configuration(
        partial(Embedding, dimension=1, item_penalty=NuclearNormPenalty(0.001)), full_batches=False
    ),
    "posterior": Configuration(partial(BayesianEmbedding, N_USERS, N_ITEMS, dimension=4, point_epochs=1, burn_in=0)),
    "embedding, both, near zero": Configuration(
        partial(
            Embedding, dimension=3, user_penalty=RatioPenalty(0.1), item_penalty=RatioPenalty(0.2), start=NearZero(0.1)
        )
    ),
}


def predictions(model: RatingModel) -> Tensor:
    """Return all unclipped predictions, (N_USERS, N_ITEMS)."""
    with torch.no_grad():
        matrix: Tensor = model(*every_pair()).reshape(N_USERS, N_ITEMS)
    return matrix
