"""The models. A new one is a new file with a subclass of `RatingModel` and a line in `recsys/artifact/kinds.py`."""

from recsys.models.base import NonFiniteLossError, RatingModel
from recsys.models.bayesian_embedding import BayesianEmbedding
from recsys.models.linear_network import LinearNetwork
from recsys.models.user_item_embedding import UserItemEmbedding

__all__ = ["BayesianEmbedding", "LinearNetwork", "NonFiniteLossError", "RatingModel", "UserItemEmbedding"]
