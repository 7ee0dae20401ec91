"""The project's own protocol."""
