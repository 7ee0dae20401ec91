"""Why a rating was predicted, as it stands in the OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from serving.schemas.answers import Answer, NewUserRating, PredictedRating, Reason
from serving.schemas.ids import Id


class RatingParts(BaseModel):
    """What a prediction is made of; the sum is the prediction before it is clipped to the scale."""

    model_config = ConfigDict(from_attributes=True)

    global_mean: float = Field(description="Mean training rating.", examples=[3.53])
    user: float = Field(description="By how much the user rates above it; damped.", examples=[0.11])
    item: float = Field(description="By how much the item is rated above it; damped.", examples=[0.4])
    interaction: float = Field(description="What the model knows of this pair beyond means.", examples=[-0.2])
    time: float = Field(
        description="What the time adds, or, where it is not known, the times that are likely. 0 for a new user, and "
        "if the model does not use times.",
        examples=[0.1],
    )


class OwnRating(Reason):
    """A training rating of the user that speaks for a prediction."""

    similarity: float = Field(description="Cosine of the two items' vectors, -1 to 1.", examples=[0.81])
    weight: float = Field(
        description="Similarity × (rating − what the means expect of it) or, by fold-in, what the rating adds to the "
        "prediction; always positive.",
        examples=[0.9],
    )


class GivenRating(Reason):
    """A rating that the user gave, and what it adds to a prediction or to the relevance."""

    contribution: float = Field(description="What it adds; below 0 it speaks against.", examples=[0.21])


class ExplanationResponse(Answer, PredictedRating):
    """A predicted rating, and why."""

    unclipped: float = Field(description="The prediction before it is clipped to the scale.", examples=[3.84])
    parts: RatingParts
    speaks_for: list[OwnRating] = Field(description="The user's ratings that speak for it, strongest first.")
    chosen_with: list[GivenRating] = Field(
        description="The user's ratings that add to the item's relevance, strongest first: those who chose their items "
        "choose this one. Empty if the model does not say relevance."
    )


class FoldInExplanationResponse(Answer, NewUserRating):
    """A new user's predicted rating, and why."""

    unclipped: float = Field(description="The prediction before it is clipped to the scale.", examples=[3.84])
    parts: RatingParts
    contributions: list[GivenRating] = Field(
        description="Strongest first; those of all ratings add up to the parts user and interaction."
    )
    chosen_with: list[GivenRating] = Field(
        description="The ratings that add to the item's relevance, strongest first. Empty if the model does not say it."
    )
    ignored_item_ids: list[Id] = Field(description="Rated items that the model does not know.", examples=[[]])
