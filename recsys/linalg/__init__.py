"""Matrices: their singular values and functions of them, and sums whose order is fixed. Imports nothing by itself."""
