"""The paper's Table 1 and rows beyond it."""
