"""The project's own routes, under /v1, one module for each noun."""

from __future__ import annotations

from fastapi import APIRouter

from serving.native import fold_in, items, model, predictions, users

router = APIRouter(prefix="/v1")
for module in (predictions, users, items, fold_in, model):
    router.include_router(module.router)
