"""`recsys describe`: what one looks at before training, as text, as a picture, as JSON."""
