"""Averaging over the posterior of a biased embedding: a block Gibbs sampler and the parts of its model."""
