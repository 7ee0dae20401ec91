"""The table in which ratings are kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, MetaData, String, Table

from data.database.rows import LONGEST_ID

_TEXT = String(LONGEST_ID).with_variant(String(LONGEST_ID, collation="utf8mb4_bin"), "mysql", "mariadb")

METADATA = MetaData()
RATINGS = Table(
    "recsys_ratings",
    METADATA,
    Column("user_id", _TEXT, primary_key=True),  # as `data.database.rows.written` writes it
    Column("item_id", _TEXT, primary_key=True),
    Column("rating", Double, nullable=False),
    Column("timestamp", BigInteger, nullable=False),  # whole seconds since 1970, UTC
    sqlite_with_rowid=False,  # all of a user lie together, and a rating is written once, not once more for its key
)
"""One row for each pair that is rated."""
