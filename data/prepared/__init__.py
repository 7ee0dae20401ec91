"""Ratings on disk in a form that is mapped: made from any source, in a memory that does not grow with them."""

from data.prepared.form import Prepared, comes_with_test, is_prepared
from data.prepared.preparing import prepare

__all__ = ["Prepared", "comes_with_test", "is_prepared", "prepare"]
