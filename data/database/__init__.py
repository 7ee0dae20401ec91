"""Ratings in a database: what a server is sent, and training reads. It needs SQLAlchemy, the extra `ratings`."""
