"""Test RMSEs of our models and of others on the same splits, the paper's Table 2."""
