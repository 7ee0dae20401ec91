"""Every number that the documents quote, and the commands that measure them."""
