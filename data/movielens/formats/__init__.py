"""The files of MovieLens: rows of ratings, users and items, in the formats of every release."""
