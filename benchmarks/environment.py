"""What a measurement was made with; the other packages know it from `recsys.environment`."""

from recsys.environment import environment

__all__ = ["environment"]
