"""What a user is likely to choose, learned from who rated what: a spectral filter of the matrix of choices."""

from recsys.relevance.learning import learned

__all__ = ["learned"]
