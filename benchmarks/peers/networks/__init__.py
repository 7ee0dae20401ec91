"""Methods that train neural networks in batches."""
