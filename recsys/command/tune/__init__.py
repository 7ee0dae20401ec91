"""`recsys tune`: a search for the settings of a recipe that predict validation ratings best."""
