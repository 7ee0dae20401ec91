"""Items: found by title, looked up by id, and others like them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from serving.routes.dependencies import CurrentRecommender
from serving.routes.problems import responses
from serving.schemas.answers import Item, ItemResponse, ItemsResponse, SimilarItem, SimilarItemsResponse
from serving.schemas.numbers import IdInAddress
from serving.schemas.requests import ItemsQuery, Page

router = APIRouter(prefix="/items", tags=["items"])


@router.get("", responses=responses())
def items(query: Annotated[ItemsQuery, Query()], recommender: CurrentRecommender) -> ItemsResponse:
    """Find items by their titles; all items, most rated first, without a query."""
    # Not a coroutine: among very many titles the search takes long enough to keep other requests waiting.
    found, approximate = recommender.catalogue.search(query.query)
    page = found[query.offset : query.offset + query.n]
    return ItemsResponse(
        version=recommender.manifest.version,
        total=found.size,
        approximate=approximate,
        items=[Item.model_validate(recommender.catalogue[item]) for item in page],
    )


@router.get("/{item_id}", responses=responses(404))
async def item(item_id: IdInAddress, recommender: CurrentRecommender) -> ItemResponse:
    """Look up one item; an unknown one is a 404."""
    found = recommender.catalogue[recommender.item_ids.position(item_id)]
    return ItemResponse(version=recommender.manifest.version, **asdict(found))


@router.get("/{item_id}/similar", responses=responses(404))
async def similar(
    item_id: IdInAddress, page: Annotated[Page, Query()], recommender: CurrentRecommender
) -> SimilarItemsResponse:
    """List the other items by how alike their vectors are; an unknown item is a 404."""
    ranking = recommender.similar(item_id, n=page.n, offset=page.offset)
    return SimilarItemsResponse(
        version=recommender.manifest.version,
        item_id=item_id,
        total=ranking.total,
        similar=[SimilarItem(**asdict(ranked.item), similarity=ranked.value) for ranked in ranking.page],
    )
