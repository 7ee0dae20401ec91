"""Checkpoints of a fit: how they are written, what they record, and which may be taken up."""
