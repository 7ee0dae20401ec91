"""Ratings that a server keeps, as it takes and gives them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from serving.schemas.answers import Answer
from serving.schemas.ids import Id
from serving.schemas.numbers import EARLIEST, LATEST, Timestamp
from serving.schemas.requests import Page, UserByQuery


class RatingToStore(BaseModel):
    """A rating that a user gives to an item."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rating: float = Field(strict=True, allow_inf_nan=False, description="On the data set's scale.", examples=[4.0])
    timestamp: Timestamp | None = Field(
        default=None,
        description="When it is given, in whole seconds since 1970, UTC; null or left out: now. A rating that is older "
        "than the one stored is refused; of two of one time, the one that arrives last stays.",
    )


class _Stored(BaseModel):
    item_id: Id = Field(examples=[242])
    rating: float = Field(description="The user's rating.", examples=[4.0])
    timestamp: int = Field(
        ge=EARLIEST, le=LATEST, description="When it was given, in seconds since 1970, UTC.", examples=[881250949]
    )
    known_item: bool = Field(
        description="Whether the model that answers knows the item; otherwise its ratings count from the next training "
        "on.",
        examples=[True],
    )


class StoredRating(_Stored):
    """A rating that is stored."""


class StoredRatingResponse(Answer, _Stored):
    """The rating that is stored of a pair."""

    user_id: Id = Field(examples=[196])
    known_user: bool = Field(
        description="Whether the model that answers knows the user; others are answered by fold-in alone.",
        examples=[True],
    )


class StoredRatingsResponse(Answer):
    """A page of the ratings that are stored of a user, the newest first."""

    user_id: Id = Field(examples=[196])
    total: int = Field(description="Number of stored ratings of the user.", examples=[1])
    ratings: list[StoredRating]


class DeletedResponse(Answer):
    """What was deleted; ratings that the model was trained on stay in it until it is trained anew."""

    user_id: Id = Field(examples=[196])
    deleted: int = Field(description="Number of stored ratings that are gone.", examples=[1])


class StoredByQuery(UserByQuery, Page):
    """The user, and which part of the list is wanted."""
