"""Layers around the routes, each of which sees every request."""
