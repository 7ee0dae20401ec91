"""The project's own routes, under /v1."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from serving.dependencies import CurrentRecommender, CurrentSettings
from serving.problems import RESPONSES, TooManyPairsError

router = APIRouter(prefix="/v1", tags=["predictions"])

# Ids are whole numbers of 64 bits; strict, so that "196" and 196.0 are errors and never mean another user.
Id = Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)]


class Pair(BaseModel):
    """A user and an item, by the data set's own ids."""

    model_config = ConfigDict(extra="forbid")

    user_id: Id = Field(examples=[196])
    item_id: Id = Field(examples=[242])


class PredictionsRequest(BaseModel):
    """The pairs to predict."""

    model_config = ConfigDict(extra="forbid")

    pairs: list[Pair] = Field(min_length=1)


class PredictedRating(BaseModel):
    """The predicted rating of one pair."""

    user_id: int = Field(examples=[196])
    item_id: int = Field(examples=[242])
    rating: float = Field(description="Predicted rating, on the data set's scale.", examples=[3.67])
    source: str = Field(
        description="Who answered: model, or, where an id is unknown, user_mean, item_mean or global_mean.",
        examples=["model"],
    )


class PredictionsResponse(BaseModel):
    """The predicted ratings, in the order of the pairs."""

    version: str = Field(description="The model's version: the first digits of its artefact's hash.")
    predictions: list[PredictedRating]


@router.post("/predictions", responses=RESPONSES)
def predict(
    body: PredictionsRequest, recommender: CurrentRecommender, settings: CurrentSettings
) -> PredictionsResponse:
    """Predict the ratings that users would give to items."""
    if len(body.pairs) > settings.max_pairs:
        raise TooManyPairsError(
            f"{len(body.pairs)} pairs in one request; this server allows {settings.max_pairs}. Send several requests."
        )
    answers = recommender.predict([pair.user_id for pair in body.pairs], [pair.item_id for pair in body.pairs])
    return PredictionsResponse(
        version=recommender.manifest.version,
        predictions=[PredictedRating(**vars(answer)) for answer in answers],
    )
