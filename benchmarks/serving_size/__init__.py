"""The server with a model of any size."""
