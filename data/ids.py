"""The ids that users and items have outside: whole numbers of 64 bits, or text.

Whole numbers are a numpy array of int64. Text is `StringIds`, whose arrays can lie in a file that is mapped: a Python
list of a million strings takes a hundred megabytes in each process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias, overload
from zlib import crc32

import numpy as np
import numpy.typing as npt
from typing_extensions import override

Positions = npt.NDArray[np.int64]
Known = npt.NDArray[np.bool_]


class StringIds:
    """n distinct strings, ascending by their bytes in UTF-8, which is by their code points; "" may be one of them.

    They are found by a hash of 32 bits, in a few hundred nanoseconds however many there are.
    """

    def __init__(
        self,
        offsets: npt.NDArray[np.int64],
        text: npt.NDArray[np.uint8],
        hashes: npt.NDArray[np.uint32] | None = None,
        by_hash: npt.NDArray[np.int32] | None = None,
    ) -> None:
        """Take over the arrays as they are; `from_strings` makes them.

        The hashes and their positions are made when they are first needed, if they are not given.

        Args:
            offsets: where each string begins in `text`, and the last one ends, (n + 1,).
            text: all strings in UTF-8, one after the other, (m,).
            hashes: CRC-32 of the strings, ascending, (n,).
            by_hash: the position of the string that each hash is of, (n,).

        Raises:
            ValueError: the arrays do not fit each other, or a string is not UTF-8.
        """
        _check(offsets, text)
        self.offsets = offsets
        self.text = text
        if hashes is not None and by_hash is not None:
            _check_index(hashes, by_hash, self.size)
            self._index = hashes, by_hash
        self._bytes = text.data

    @classmethod
    def from_strings(cls, strings: Iterable[str]) -> StringIds:
        """Sort strings, each of which may occur any number of times.

        Raises:
            UnicodeEncodeError: one has half a surrogate pair, which no file or protocol can carry.
        """
        encoded = sorted({string.encode() for string in strings})
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum([len(each) for each in encoded], out=offsets[1:])
        text = np.frombuffer(b"".join(encoded), np.uint8)
        return cls(offsets, text)

    @cached_property
    def _index(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
        encoded = (self._at(place) for place in range(self.size))
        hashes = np.fromiter(map(crc32, encoded), np.uint32, self.size)
        by_hash = np.argsort(hashes, kind="stable").astype(np.int32)
        return hashes[by_hash], by_hash

    @property
    def hashes(self) -> npt.NDArray[np.uint32]:
        """CRC-32 of the strings, ascending, (n,)."""
        return self._index[0]

    @property
    def by_hash(self) -> npt.NDArray[np.int32]:
        """The position of the string that each hash is of, (n,)."""
        return self._index[1]

    @property
    def size(self) -> int:
        """n, the number of strings."""
        return self.offsets.size - 1

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, place: int | np.integer[Any]) -> str: ...
    @overload
    def __getitem__(self, place: npt.NDArray[np.integer[Any]] | slice) -> npt.NDArray[np.object_]: ...
    def __getitem__(
        self, place: int | np.integer[Any] | npt.NDArray[np.integer[Any]] | slice
    ) -> str | npt.NDArray[np.object_]:
        if isinstance(place, int | np.integer):
            return self._at(range(self.size)[place]).decode()
        places = np.arange(self.size)[place]
        strings = np.empty(places.shape, object)
        starts, ends = self.offsets[places].tolist(), self.offsets[places + 1].tolist()
        strings[:] = [str(self._bytes[start:end], "utf-8") for start, end in zip(starts, ends, strict=True)]
        return strings

    def __iter__(self) -> Iterator[str]:
        return (self[place] for place in range(self.size))

    def tolist(self) -> list[str]:
        """All strings, in order."""
        strings: list[str] = self[:].tolist()
        return strings

    @override
    def __eq__(self, other: object) -> bool:
        """Whether both hold the same strings."""
        return (
            isinstance(other, StringIds)
            and np.array_equal(self.offsets, other.offsets)
            and np.array_equal(self.text, other.text)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays have none

    @override
    def __repr__(self) -> str:
        shown = ", ".join(f"{self[place]:.40}" for place in range(min(3, self.size)))
        return f"<StringIds {self.size:,}: {shown}{', …' if self.size > 3 else ''}>"

    def find(self, string: str) -> int | None:
        """Where a string stands; None where it is not one of them."""
        encoded = string.encode(errors="surrogatepass")  # half a pair is text of nobody
        wanted = crc32(encoded)
        at = int(self.hashes.searchsorted(np.uint32(wanted)))
        while at < self.size and self.hashes[at] == wanted:
            place = int(self.by_hash[at])
            if self._at(place) == encoded:
                return place
            at += 1
        return None

    def positions(self, strings: Sequence[str]) -> tuple[Positions, Known]:
        """Where each string stands, (k,), and whether it does, (k,); 0 where it does not."""
        encoded = [string.encode(errors="surrogatepass") for string in strings]
        wanted = np.fromiter(map(crc32, encoded), np.uint32, len(encoded))
        candidates = self.by_hash[self.hashes.searchsorted(wanted).clip(max=self.size - 1)]
        starts, ends = self.offsets[candidates].tolist(), self.offsets[candidates + 1].tolist()
        known = np.fromiter(
            (self._bytes[start:end] == each for start, end, each in zip(starts, ends, encoded, strict=True)),
            np.bool_,
            len(encoded),
        )
        places = candidates.astype(np.int64)
        for other in np.flatnonzero(~known).tolist():  # of no string, or of one whose hash others have, too
            found = self.find(strings[other])
            known[other], places[other] = found is not None, found or 0
        return places, known

    def _at(self, place: int) -> bytes:
        return bytes(self._bytes[self.offsets[place] : self.offsets[place + 1]])


Ids: TypeAlias = npt.NDArray[np.int64] | StringIds
Id: TypeAlias = int | str


def find(ids: Ids, asked: Id) -> int | None:
    """Where an id stands among ascending ids; None where it does not, be it for its kind."""
    if isinstance(ids, StringIds):
        return ids.find(asked) if isinstance(asked, str) else None
    if isinstance(asked, str):
        return None
    place = int(ids.searchsorted(asked))
    return place if place < ids.size and ids[place] == asked else None


def part(ids: Ids, begin: int, end: int) -> Ids:
    """Those that stand from `begin` to `end` − 1."""
    if not isinstance(ids, StringIds):
        return ids[begin:end]
    offsets = ids.offsets[begin : end + 1]
    return StringIds(offsets - offsets[0], ids.text[offsets[0] : offsets[-1]])


def positions(ids: Ids, asked: npt.ArrayLike) -> tuple[Positions, Known]:
    """Where each of (k,) ids stands among ascending ids, and whether it does; 0 where it does not.

    Raises:
        TypeError: an id is not of the kind of the others: a whole number of at most 64 bits, or text.
    """
    if isinstance(ids, StringIds):
        strings: list[Any] = np.asarray(asked, object).tolist()
        if wrong := [each for each in strings if not isinstance(each, str)]:
            raise TypeError(f"ids are text here, not {type(wrong[0]).__name__} such as {wrong[0]!r:.60}")
        return ids.positions(strings)
    numbers = np.asarray(asked)
    if numbers.size and numbers.dtype.kind not in "iu":
        raise TypeError(f"ids are whole numbers of at most 64 bits, not {numbers.dtype}")
    places = np.searchsorted(ids, numbers).clip(max=ids.size - 1)
    known = ids[places] == numbers
    return np.where(known, places, 0), known


def _check(offsets: npt.NDArray[np.int64], text: npt.NDArray[np.uint8]) -> None:
    """Check what a reader of strings relies on, in a few passes over whole arrays.

    Raises:
        ValueError: the offsets leave the text or a character, or the text is not UTF-8.
    """
    if not offsets.size or offsets[0] != 0 or offsets[-1] != text.size or (np.diff(offsets) < 0).any():
        raise ValueError("the offsets of strings do not ascend from 0 to the length of their text")
    str(text.data, "utf-8")  # UnicodeDecodeError is a ValueError
    inner = offsets[(offsets > 0) & (offsets < text.size)]
    if ((text[inner] & 0xC0) == 0x80).any():
        raise ValueError("a string begins within a character")


def _check_index(hashes: npt.NDArray[np.uint32], by_hash: npt.NDArray[np.int32], n: int) -> None:
    """Check the index of n strings.

    Raises:
        ValueError: there are not as many hashes, a position is of no string, or hashes do not ascend.
    """
    if hashes.shape != (n,) or by_hash.shape != (n,):
        raise ValueError(f"{n} strings need {n} hashes, not {hashes.size} and {by_hash.size} positions")
    if n and (by_hash.min() < 0 or by_hash.max() >= n or (hashes[1:] < hashes[:-1]).any()):
        raise ValueError("the hashes of strings do not ascend, or are of no string")
