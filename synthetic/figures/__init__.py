"""Figures of the controlled experiments, with the data that they are drawn from."""
