"""Ratings that clients send: kept in a database, and counted at once. Only with RECSYS_RATINGS_DATABASE."""
