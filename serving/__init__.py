"""Predicted ratings over HTTP, from an exported artefact, without torch or Lightning."""
