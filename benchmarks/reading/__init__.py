"""How fast anyone's ratings are read, and in how much memory."""
