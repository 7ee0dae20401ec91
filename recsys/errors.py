"""Errors that a user can mend, which the command line prints without a traceback."""


class SettingsError(ValueError):
    """The settings of a model do not fit each other or the data; the message says which and what to do."""


class CommandError(Exception):
    """The command cannot be carried out as given; the message says why and what to do."""


class UsageError(CommandError):
    """An option is not one of the command's, or has a value that it does not take."""


class LostProcessError(Exception):
    """Another process of the same fit has ended, or cannot be reached; the message says which one says so."""
