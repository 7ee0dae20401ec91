"""What the native routes give, as it stands in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from serving.schemas.ids import Id
from serving.schemas.order import Order


class Answer(BaseModel):
    """What every answer says."""

    version: str = Field(
        description="The model's version: the first digits of its artefact's hash.", examples=["034e3cd22cf1"]
    )


class PredictedRating(BaseModel):
    """The predicted rating of one pair."""

    user_id: Id = Field(examples=[196])
    item_id: Id = Field(examples=[242])
    rating: float = Field(description="Predicted rating, on the data set's scale.", examples=[3.67])
    source: str = Field(
        description="Who answered: model; fold_in, where the server keeps ratings of the user that the model was not "
        "trained on; features, where the user or the item has no training ratings, but features that the model uses; "
        "or, where it knows nothing of the user or the item, user_mean, item_mean or global_mean.",
        examples=["model"],
    )


class UncertaintyOfRating(BaseModel):
    """How far a rating may lie from its prediction."""

    standard_deviation: float = Field(description="Of the rating, on the data set's scale.", examples=[0.93])
    probabilities: dict[str, float] = Field(
        description="Probability of each rating there is.",
        examples=[{"1": 0.02, "2": 0.08, "3": 0.28, "4": 0.4, "5": 0.22}],
    )


class PredictedRatingAndUncertainty(PredictedRating):
    """The predicted rating of one pair and, if asked for, how certain it is."""

    uncertainty: UncertaintyOfRating | None = Field(
        default=None,
        description="Only if asked for; null where an id is unknown, or the model predicts no more than ratings.",
    )


class PredictionsResponse(Answer):
    """The predicted ratings, in the order of the pairs."""

    predictions: list[PredictedRatingAndUncertainty]


class RatingResponse(Answer, PredictedRatingAndUncertainty):
    """The predicted rating of a pair."""


class Item(BaseModel):
    """An item, and how it was rated in training."""

    model_config = ConfigDict(from_attributes=True)

    item_id: Id = Field(examples=[172])
    title: str = Field(
        description="Title without the year, as the data set has it; the id as text where there is none.",
        examples=["Empire Strikes Back, The"],
    )
    display_title: str = Field(
        description="The title as people write it, with its article in front.", examples=["The Empire Strikes Back"]
    )
    year: int | None = Field(description="Year of release; null where nobody knows.", examples=[1980])
    genres: list[str] = Field(description="None where nobody knows.", examples=[["Action", "Sci-Fi"]])
    n_ratings: int = Field(description="Number of training ratings.", examples=[332])
    mean_rating: float | None = Field(description="Mean training rating; null without any.", examples=[4.19])


class ItemResponse(Answer, Item):
    """One item."""

    attributes: dict[str, str | int | float | bool | tuple[str, ...] | None] = Field(
        default={}, description="What else the data set says of the item, by column.", examples=[{"pages": 384}]
    )


class ItemsResponse(Answer):
    """A page of the items found: titles that are the query first, then those that begin with it, then the others.

    Of those that fit alike, the most rated come first.
    """

    total: int = Field(description="Number of items found.", examples=[2])
    approximate: bool = Field(
        description="True where no title has the words asked for, and the titles found are spelt alike; those with the "
        "fewest mistakes come first.",
        examples=[False],
    )
    items: list[Item]


class Reason(Item):
    """An item that the user rated."""

    rating: float = Field(description="The user's rating.", examples=[5.0])


class Recommendation(Item):
    """An item, the rating predicted for it, and its relevance."""

    rating: float = Field(description="Predicted rating, on the data set's scale.", examples=[4.71])
    relevance: float | None = Field(
        description="How likely the user is to choose the item and to like it, in no unit: it orders the items of one "
        "user. Null if the model does not say it.",
        examples=[0.62],
    )
    because: Reason | None = Field(
        default=None,
        description="Only if reasons are asked for: the rating of the user that adds most to the relevance. Null "
        "if none adds to it.",
    )


class RecommendationAndUncertainty(Recommendation):
    """An item, the rating predicted for it and, if asked for, how certain it is."""

    uncertainty: UncertaintyOfRating | None = Field(
        default=None,
        description="Only if asked for; null where the user is unknown, or the model predicts no more than ratings.",
    )


class RecommendationsResponse(Answer):
    """A page of recommendations, best first."""

    user_id: Id = Field(examples=[196])
    total: int = Field(description="Number of items that were ranked.", examples=[1646])
    order: Order = Field(description="What they are ordered by.", examples=["relevance"])
    source: str = Field(
        description="Who predicted the ratings: model; fold_in, where the server keeps ratings of the user that the "
        "model was not trained on; features for a user without training ratings of whom the model knows something "
        "else; or item_mean for a user of whom it knows nothing.",
        examples=["model"],
    )
    recommendations: list[RecommendationAndUncertainty]


class User(BaseModel):
    """A user of the training ratings."""

    model_config = ConfigDict(from_attributes=True)

    user_id: Id = Field(examples=[196])
    n_ratings: int = Field(description="Number of training ratings.", examples=[34])
    mean_rating: float | None = Field(description="Mean training rating; null without any.", examples=[3.59])


class UserResponse(Answer, User):
    """One user."""


class UsersResponse(Answer):
    """A page of the users, those with the most training ratings first."""

    total: int = Field(description="Number of users.", examples=[943])
    users: list[User]


class SimilarItem(Item):
    """An item, and how alike it is."""

    similarity: float = Field(description="Cosine of the items' vectors, -1 to 1.", examples=[0.93])


class SimilarItemsResponse(Answer):
    """A page of the other items, most similar first."""

    item_id: Id = Field(examples=[50])
    total: int = Field(examples=[1681])
    similar: list[SimilarItem]


class NewUserRating(BaseModel):
    """The predicted rating of a new user."""

    item_id: Id = Field(examples=[242])
    rating: float = Field(description="Predicted rating, on the data set's scale.", examples=[3.9])
    source: str = Field(description="fold_in, or user_mean where nothing is known of the item.", examples=["fold_in"])


class NewUserRatingAndUncertainty(NewUserRating):
    """The predicted rating of a new user and, if asked for, how certain it is."""

    uncertainty: UncertaintyOfRating | None = Field(
        default=None, description="Only if asked for; null where nothing is known of the item, or the model has none."
    )


class FoldInResponse(Answer):
    """What a new user's ratings lead to."""

    predictions: list[NewUserRatingAndUncertainty] = Field(description="In the order of the request's item_ids.")
    total: int = Field(description="Number of items that were ranked: all but the rated ones.", examples=[1680])
    order: Order = Field(description="What the recommendations are ordered by.", examples=["relevance"])
    recommendations: list[Recommendation]
    ignored_item_ids: list[Id] = Field(description="Rated items that the model does not know.", examples=[[]])


class ItemToRate(Item):
    """An item that a new user is asked to rate."""

    known_by: float = Field(description="Share of the training users who rated it.", examples=[0.41])
    variance_reduction: float = Field(
        description="By how much a rating of it would lower the mean variance of the user's predicted ratings: over "
        "all items, each as often as it was rated in training.",
        examples=[0.021],
    )


class NextResponse(Answer):
    """Which items a new user should rate next.

    The first is expected to tell most for the effort: they are ordered by `variance_reduction` × `known_by` / (0.2 +
    `known_by`), since only who knows an item can rate it, and to pass over one costs a fifth of rating it.
    """

    total: int = Field(description="Number of items that could be asked for.", examples=[1646])
    items: list[ItemToRate]
    ignored_item_ids: list[Id] = Field(description="Rated items that the model does not know.", examples=[[]])


class ModelResponse(Answer):
    """What is known of the model that answers."""

    kind: str = Field(examples=["LinearNetwork"])
    user_id_type: Literal["int64", "string"] = Field(
        description="What the ids of users are: whole numbers of 64 bits, or text.", examples=["int64"]
    )
    item_id_type: Literal["int64", "string"] = Field(
        description="What the ids of items are; users and items need not have the same.", examples=["int64"]
    )
    recipe: str = Field(description="Configuration it was trained with.", examples=["lnn-adam-ratio-0.9"])
    n_users: int = Field(examples=[943])
    n_items: int = Field(examples=[1682])
    n_ratings: int = Field(description="Number of training ratings.", examples=[90_000])
    has_titles: bool = Field(
        description="Whether items have titles; otherwise their ids stand in `title`.", examples=[True]
    )
    orders: list[Order] = Field(
        description="What recommendations can be ordered by, the usual order first.", examples=[["relevance", "rating"]]
    )
    genres: list[str] = Field(examples=[["Comedy", "Drama"]])
    item_columns: dict[str, str] = Field(
        description="What `/v1/cold-items` predicts new items by: categories, lists, numbers or dates, by the name of "
        "the column. None of a model that knows no features of items.",
        examples=[{"genres": "lists", "year": "numbers"}],
    )
    rating_scale: Annotated[
        tuple[float, float],
        WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
    ] = Field(description="Least and greatest rating.", examples=[(1, 5)])
    rating_step: float | None = Field(
        description="From one rating that can be given to the next; null where every rating in between can be given.",
        examples=[1],
    )
    global_mean: float = Field(description="Mean training rating.", examples=[3.53])
    split: str = Field(examples=["0.9"])
    seed: int = Field(examples=[0])
    uses_times: bool = Field(description="Whether answers depend on a timestamp.", examples=[True])
    metrics: dict[str, float] = Field(
        description="As measured after training: test_rmse of predictions with the time of each test rating, "
        "test_rmse_as_served of those without; likewise validation_…, …_mae and test_coverage_…. Equal if the "
        "model does not use times. test_ratings_of_unknown_users and _items count test ratings of users and items "
        "without training ratings; test_rmse_of_unknown_users and _items are their RMSE, if there are any.",
        examples=[{"test_rmse": 0.85, "test_rmse_as_served": 0.87}],
    )
    data_name: str = Field(examples=["100k"])
    data_sha256: str = Field(description="Hash of the ratings file.", examples=["06416e597f82b7342361e41163890c81"])
    created: str = Field(description="ISO 8601, UTC.", examples=["2026-01-01T00:00:00+00:00"])
