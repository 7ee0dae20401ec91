"""What is known of users and items beside single ratings, as matrices that a prior mean can depend on."""

from recsys.features.columns import ItemColumns, UserColumns
from recsys.features.feature import Description, Feature, Known, describe_items, describe_users
from recsys.features.movielens import ItemSide, UserSide
from recsys.features.who_rated_what import WhoRatedWhat

__all__ = [
    "Description",
    "Feature",
    "ItemColumns",
    "ItemSide",
    "Known",
    "UserColumns",
    "UserSide",
    "WhoRatedWhat",
    "describe_items",
    "describe_users",
]
