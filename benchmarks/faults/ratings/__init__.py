"""Ratings that are put while servers and databases are killed."""
