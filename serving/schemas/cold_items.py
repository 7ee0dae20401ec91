"""What the route of new items takes and gives, as it stands in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from serving.schemas.answers import Answer, UncertaintyOfRating
from serving.schemas.ids import Id
from serving.schemas.requests import Body, Strictness, UncertaintyWanted


class NewItem(Body):
    """An item that is not in the model."""

    features: dict[str, Any] = Field(
        description="Values by the name of the column; `item_columns` of `/v1/model` says which there are, and of "
        "which kind. Categories are text, numbers or true and false; lists are lists of text; dates are text, such as "
        "1995-11-22, or seconds since 1970. What is null or left out counts as missing.",
        examples=[{"genres": ["Drama"], "year": 1997}],
    )


class ColdItemsRequest(Strictness, UncertaintyWanted, Body):
    """New items, and the users whose ratings of them are asked for."""

    items: Annotated[list[NewItem], Field(fail_fast=True)] = Field(min_length=1)
    user_ids: Annotated[list[Id], Field(fail_fast=True, min_length=1)] | None = Field(
        default=None, description="The average user's ratings if null or left out.", examples=[[196]]
    )


class RatingOfNewItem(BaseModel):
    """The predicted rating of a new item."""

    user_id: Id | None = Field(description="Null for the average user.", examples=[196])
    rating: float = Field(description="Predicted rating, on the data set's scale.", examples=[3.42])
    source: str = Field(
        description="features; or, where no column says anything of the item, user_mean, or global_mean for a user of "
        "whom the model knows nothing.",
        examples=["features"],
    )
    uncertainty: UncertaintyOfRating | None = Field(
        default=None, description="Only if asked for; null where no column says anything of the item."
    )


class RatedNewItem(BaseModel):
    """What is predicted of a new item, and by what."""

    predictions: list[RatingOfNewItem] = Field(description="In the order of the request's user_ids.")
    used: list[str] = Field(description="Columns with a value that says something.", examples=[["genres", "year"]])
    missing: list[str] = Field(
        description="Columns without a value: they count as items without one did in training.", examples=[[]]
    )
    unknown: dict[str, list[str]] = Field(
        description="Values, by column, that too few items had in training, or none. They count as such rare values "
        "did, or for nothing if there were none.",
        examples=[{}],
    )


class ColdItemsResponse(Answer):
    """What new items are predicted to be rated."""

    items: list[RatedNewItem] = Field(description="In the order of the request's items.")
    unknown_user_ids: list[Id] = Field(
        description="Users of whom the model knows nothing; their ratings are the average user's.", examples=[[]]
    )
