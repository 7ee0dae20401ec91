"""What is asked over HTTP: one folder for each protocol, and what they share."""
