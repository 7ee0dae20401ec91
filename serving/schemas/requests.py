"""What the native routes take, as it stands in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import BaseModel, ConfigDict, Field, with_config
from typing_extensions import TypedDict  # pydantic cannot read that of Python 3.11

from serving.schemas.ids import Id, IdInAddress
from serving.schemas.numbers import WHEN, Timestamp, TimestampInAddress
from serving.schemas.order import Order

MOST_ON_A_PAGE = 1000  # keeps an answer below a few hundred kilobytes; `offset` reaches the rest


class _Request(BaseModel):
    """A misspelt name is an error."""

    model_config = ConfigDict(extra="forbid")


class Body(_Request):
    """JSON has types: in a body 0 is not false, nor "3" 3, as they are in an address.

    Its lists end at the first mistake: tens of thousands fit in a body, and to describe each would take seconds.
    """

    model_config = ConfigDict(strict=True)


class Page(_Request):
    """Which part of a list is wanted."""

    n: int = Field(default=10, ge=1, le=MOST_ON_A_PAGE, description="How many.")
    offset: int = Field(default=0, ge=0, lt=2**31, description="How many to leave out before.")


class Strictness(_Request):
    """What to do about unknown ids."""

    strict: bool = Field(default=False, description="Answer 404 to an unknown id, and never a mean.")


class UncertaintyWanted(_Request):
    """Whether more than a rating is wanted."""

    uncertainty: bool = Field(
        default=False,
        description="Say how far the rating may lie from its prediction, if the model knows; null if it does not.",
    )


class TimeQuery(_Request):
    """For when an answer is wanted."""

    timestamp: TimestampInAddress | None = Field(default=None, description=WHEN)


class UserByQuery(_Request):
    """A user, by the data set's own id."""

    user_id: IdInAddress = Field(examples=[196])


class ItemByQuery(_Request):
    """An item, by the data set's own id."""

    item_id: IdInAddress = Field(examples=[242])


class PairByQuery(UserByQuery, ItemByQuery):
    """A user and an item, by the data set's own ids."""


class PairQuery(PairByQuery, Strictness, UncertaintyWanted, TimeQuery):
    """A user and an item, and how their rating is wanted."""


class Recommended(Page):
    """Which recommendations are wanted, and ordered by what."""

    order: Order = Field(
        default="relevance",
        description="What items are ordered by: relevance, how likely the user is to choose and to like them, or the "
        "predicted rating. A model of an older format knows the rating alone.",
    )
    genre: str | None = Field(default=None, max_length=100, description="Only items of this genre.", examples=["Drama"])
    min_ratings: int = Field(
        default=0, ge=0, lt=2**31, description="Only items with at least so many training ratings.", examples=[20]
    )
    reasons: bool = Field(
        default=False, description="Say for each item which of the user's ratings adds most to its relevance."
    )


class RecommendationsQuery(Recommended, Strictness, UncertaintyWanted, TimeQuery):
    """Which recommendations are wanted."""

    exclude_seen: bool = Field(default=True, description="Leave out what the user rated in training.")


class ItemsQuery(Page):
    """Which items are wanted."""

    query: str = Field(
        default="",
        max_length=200,
        description="Words of the title, or pieces of them, or its year. Case, accents and punctuation do not matter, "
        "and an article may stand before or behind. Where no title has all words, titles that are spelt alike are "
        "found: each word may have one mistake from three letters on, and two from six. All items if empty.",
        examples=["star wars"],
    )


class ExplanationQuery(Strictness, TimeQuery):
    """How much of an explanation is wanted."""

    n: int = Field(default=5, ge=1, le=MOST_ON_A_PAGE, description="How many of the user's own ratings to name.")


class RecommendationsByQuery(UserByQuery, RecommendationsQuery):
    """The user, and which recommendations are wanted."""


class SimilarByQuery(ItemByQuery, Page):
    """The item, and which part of the list is wanted."""


class ExplanationByQuery(UserByQuery, ItemByQuery, ExplanationQuery):
    """The pair, and how much of an explanation is wanted."""


@with_config(ConfigDict(extra="forbid"))
class Pair(TypedDict):  # checked like a model, in a quarter of the time, which counts for ten thousand of them
    """A user and an item, by the data set's own ids."""

    user_id: Annotated[Id, Field(examples=[196])]
    item_id: Annotated[Id, Field(examples=[242])]
    timestamp: NotRequired[Annotated[Timestamp | None, Field(description=WHEN)]]


class PredictionsRequest(Strictness, UncertaintyWanted, Body):
    """The pairs to predict."""

    pairs: Annotated[list[Pair], Field(fail_fast=True)] = Field(min_length=1)


class ItemRating(Body):
    """A new user's rating of an item."""

    item_id: Id = Field(examples=[50])
    rating: float = Field(strict=True, allow_inf_nan=False, description="On the data set's scale.", examples=[5.0])


class FoldInRequest(Recommended, Strictness, UncertaintyWanted, Body):
    """A new user's ratings, and what is wanted of them."""

    ratings: Annotated[list[ItemRating], Field(fail_fast=True)] = Field(
        description="Ratings of different items; none gives every item's mean."
    )
    item_ids: Annotated[list[Id], Field(fail_fast=True)] = Field(
        default=[], description="Items to predict the new user's ratings of.", examples=[[242]]
    )


class NextRequest(Strictness, Body):
    """A new user's ratings so far, and how many further ones are to be asked for."""

    ratings: Annotated[list[ItemRating], Field(fail_fast=True)] = Field(
        description="Ratings of different items; none of someone who has rated nothing yet."
    )
    exclude: Annotated[list[Id], Field(fail_fast=True)] = Field(
        default=[], description="Items not to ask for: those that the user does not know.", examples=[[100]]
    )
    n: int = Field(default=1, ge=1, le=MOST_ON_A_PAGE, description="How many items to propose.")


class FoldInExplanationRequest(Strictness, Body):
    """A new user's ratings, and the item whose prediction is to be explained."""

    ratings: Annotated[list[ItemRating], Field(fail_fast=True)] = Field(description="Ratings of different items.")
    item_id: Id = Field(examples=[172])
    n: int = Field(default=5, ge=1, le=MOST_ON_A_PAGE, description="How many of the ratings to name.")
