"""Ratings that a server keeps, for training."""
