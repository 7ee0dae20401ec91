"""The normal variable that a rating comes from, of a model that was averaged over its posterior; numpy alone."""
