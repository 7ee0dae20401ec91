"""Errors that a user can mend, which the command line prints without a traceback."""


class SettingsError(ValueError):
    """The settings of a model do not fit each other or the data; the message says which and what to do."""
