"""What can go wrong between a data set's publisher and a training run, one exception for each.

Every message names the file, the line where there is one, what is wrong with it, and what to do about it.
"""


class DataError(Exception):
    """Base of everything this package raises on purpose: catch it to show the message and nothing else."""


class UnknownDataSetError(DataError):
    """There is no data set of this name in the catalogue."""


class UnknownSplitError(DataError):
    """The name of a split does not follow the grammar that `data.splits.split_names` describes."""


class SplitUnavailableError(DataError):
    """The split is a known one, but these ratings cannot be split that way."""


class UnknownTimesError(DataError):
    """The ratings have no times, and something needs them."""


class UnknownFormatError(DataError):
    """A file is of no format that can be read, or it is not clear which file is meant."""


class ColumnError(DataError):
    """A table lacks a column that is needed, or has several that could be meant."""


class OptionError(DataError):
    """An option of reading has a value that it cannot have."""


class NoSourceError(DataError):
    """None of the sources of a data set could serve it."""


class SourceError(DataError):
    """One source of a data set could not serve it; another may."""


class CacheError(DataError):
    """The cache directory cannot be read or written."""


class ChecksumError(DataError):
    """A file is not, byte for byte, what the publisher put out: truncated, altered, or another file."""


class ArchiveError(DataError):
    """A zip file cannot be opened, or a part of it cannot be unpacked."""


class UnsafeArchiveError(ArchiveError):
    """A zip file has a member whose name leads out of the directory it would be unpacked in."""


class MissingFileError(DataError):
    """A file that the data set consists of is not there."""


class EmptyFileError(DataError):
    """A file has no rows."""


class IncompleteFileError(DataError):
    """A ratings file has another number of rows than the data set is known to have."""


class MalformedRowError(DataError):
    """A line lacks a field, has one too many, or has one that is not of the kind it should be."""


class EncodingError(DataError):
    """A line is not text in the encoding the file is known to have."""


class InvalidIdError(DataError):
    """A user or an item has a negative id."""


class RatingOutsideScaleError(DataError):
    """A rating lies outside the scale of its data set, or between two of its steps."""


class DuplicateRatingError(DataError):
    """A user rates the same item twice."""


class DuplicateIdError(DataError):
    """A table describes the same user or item twice."""


class UnlistedIdError(DataError):
    """A user or item that occurs in the ratings is missing from its table."""


class PreparedFolderError(DataError):
    """A folder holds no prepared ratings, or not those that are wanted, or what it holds is not whole."""


class MissingPackageError(DataError):
    """A package that something needs is not installed."""


class DatabaseError(DataError):
    """A database of ratings cannot be reached, read or written, or is none."""
