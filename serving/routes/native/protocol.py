"""The project's own routes, under /v1, one module for each noun."""

from __future__ import annotations

from serving.routes.dependencies import current_metrics, current_recommender, current_settings, current_store
from serving.routes.native import by_query, cold_items, items, model, new_users, predictions, ratings, users
from serving.routes.problems import PROBLEMS
from serving.routes.protocol import DirectRoute, Protocol
from serving.schemas.requests import PairQuery, PredictionsRequest
from serving.schemas.stored import RatingToStore

NATIVE = Protocol(
    prefix="/v1",
    # The busiest first; each is included by itself, since a router within a router is searched several times.
    routers=(
        predictions.router,
        users.router,
        items.router,
        by_query.router,
        new_users.router,
        cold_items.router,
        model.router,
    ),
    open_routers=(),
    errors=PROBLEMS,
    # A pair has a user, an item and a time, and two commas within and one behind it; of a new user there are ratings,
    # with two commas each, and items.
    commas_of_a_pair=3,
    rating_routers=(ratings.router,),
)
DIRECT = {
    ("GET", f"{NATIVE.prefix}/ratings"): DirectRoute(
        predictions.rating, PairQuery, (current_recommender, current_store)
    ),
    ("POST", f"{NATIVE.prefix}/predictions"): DirectRoute(
        predictions.predictions, PredictionsRequest, (current_recommender, current_settings, current_store)
    ),
}
"""The routes that are asked most, by method and address."""
RATING_DIRECT = {
    ("PUT", f"{NATIVE.prefix}/users/{{user_id}}/ratings/{{item_id}}"): DirectRoute(
        ratings.put_rating, RatingToStore, (current_recommender, current_store, current_metrics)
    )
}
"""Those of a server that keeps ratings."""
