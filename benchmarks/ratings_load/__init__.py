"""A server that keeps ratings, under load."""
