"""How far gradient descent and Adam move entries with and without a rating."""
