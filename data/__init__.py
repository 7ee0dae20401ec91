"""Ratings in, splits and batches out."""
