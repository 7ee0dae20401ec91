"""Items: found by title, looked up by id, and others like them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query

from serving.routes.dependencies import UTF_8_ADDRESS, CurrentRecommender
from serving.routes.problems import responses
from serving.schemas.answers import Item, ItemResponse, ItemsResponse, SimilarItem, SimilarItemsResponse
from serving.schemas.ids import IdInAddress
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


@router.get("/{item_id}", dependencies=[UTF_8_ADDRESS], responses=responses(404))
async def item(item_id: IdInAddress, recommender: CurrentRecommender) -> ItemResponse:
    """Look up one item; an unknown one is a 404."""
    position = recommender.item_ids.position(recommender.item_ids.from_text(item_id))
    return ItemResponse(
        version=recommender.manifest.version,
        **asdict(recommender.catalogue[position]),
        attributes=recommender.catalogue.attributes(position),
    )


@router.get("/{item_id}/similar", dependencies=[UTF_8_ADDRESS], responses=responses(404))
async def similar(
    item_id: IdInAddress, page: Annotated[Page, Query()], recommender: CurrentRecommender
) -> SimilarItemsResponse:
    """List the other items by how alike their vectors are; an unknown item is a 404."""
    original_id = recommender.item_ids.from_text(item_id)
    ranking = recommender.similar(original_id, n=page.n, offset=page.offset)
    return SimilarItemsResponse(
        version=recommender.manifest.version,
        item_id=original_id,
        total=ranking.total,
        similar=[SimilarItem(**asdict(ranked.item), similarity=ranked.value) for ranked in ranking.page],
    )
