"""Users who were not there in training: ratings of all items from a few of theirs, in closed form."""
