"""The project's own routes, under /v1, one module for each noun."""

from __future__ import annotations

from serving.routes.native import items, model, new_users, predictions, users

PREFIX = "/v1"
# Each is included in the application by itself, the busiest first: a router within a router is searched several times.
routers = [module.router for module in (predictions, users, items, new_users, model)]
