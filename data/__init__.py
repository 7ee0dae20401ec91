"""Ratings in, splits and batches out: the MovieLens data sets, read once and checked once."""
