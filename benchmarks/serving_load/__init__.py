"""The server under load, beside a bare FastAPI application."""
