"""The processes that serve: the model they hold, their sockets, log and numbers."""
