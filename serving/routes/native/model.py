"""What is known of the model that answers."""

from __future__ import annotations

from fastapi import APIRouter

from serving.routes.dependencies import CurrentRecommender
from serving.routes.problems import responses
from serving.schemas.answers import ModelResponse

router = APIRouter(tags=["model"])


@router.get("/model", responses=responses())
async def model(recommender: CurrentRecommender) -> ModelResponse:
    """Describe the model: kind, data, split, seed, metrics."""
    manifest = recommender.manifest
    return ModelResponse(
        **{name: value for name, value in vars(manifest).items() if name in ModelResponse.model_fields},
        version=manifest.version,
        user_id_type="string" if recommender.user_ids.are_text else "int64",
        item_id_type="string" if recommender.item_ids.are_text else "int64",
        uses_times=recommender.artifact.uses_times,
        n_users=recommender.n_users,
        n_items=recommender.n_items,
        n_ratings=recommender.n_ratings,
        has_titles=recommender.artifact.items.titles is not None,
        orders=list(recommender.orders),
        genres=list(recommender.catalogue.genres),
        item_columns=recommender.artifact.cold_items.kinds if recommender.artifact.cold_items else {},
    )
