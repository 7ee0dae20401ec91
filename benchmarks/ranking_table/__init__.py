"""How well recommendations put what a user goes on to rate, and to like, first."""
