"""The project's own routes, under /v1, one module for each noun."""

from __future__ import annotations

from serving.native import fold_in, items, model, predictions, users

PREFIX = "/v1"
# Each is included in the application by itself, the busiest first: a router within a router is searched several times.
routers = [module.router for module in (predictions, users, items, fold_in, model)]
