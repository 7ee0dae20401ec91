"""Items that were not there in training, described by columns of the item table alone; needs numpy alone."""
