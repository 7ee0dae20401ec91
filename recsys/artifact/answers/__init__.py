"""What one asks of a trained model by original ids: ratings of pairs, and the best items of each user."""
