"""Methods that use graphs of users, of items or of ratings."""
