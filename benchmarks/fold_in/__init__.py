"""How well newcomers are predicted, what is recommended to them, and what they are asked first."""
