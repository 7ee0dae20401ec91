"""Controlled experiments on synthetic low-rank matrices."""
