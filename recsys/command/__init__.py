"""The `recsys` command: fit, validate, test and predict through Lightning's command line."""
