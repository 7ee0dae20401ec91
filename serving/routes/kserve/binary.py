"""Values of a tensor as bytes, as the binary tensor data extension of the Open Inference Protocol has them."""

from __future__ import annotations

import struct

import numpy as np

from recsys.artifact import Id

_NUMBER_BYTES = 8
_LENGTH = struct.Struct("<I")  # of the text that follows, in bytes


def numbers(raw: memoryview) -> list[Id]:
    """Whole numbers of 64 bits, the least byte first.

    Raises:
        ValueError: the last one is not whole.
    """
    if len(raw) % _NUMBER_BYTES:
        raise ValueError(f"{_NUMBER_BYTES} bytes are needed for each value")
    values: list[Id] = np.frombuffer(raw, "<i8").tolist()
    return values


def texts(raw: memoryview, most: int) -> list[Id]:
    """Texts in UTF-8, each after its length in 4 bytes, the least first; at most one more than `most`.

    Raises:
        ValueError: the bytes end within one, or are no UTF-8.
    """
    values: list[Id] = []
    at = 0
    while at < len(raw) and len(values) <= most:
        begin = at + _LENGTH.size
        if begin > len(raw):
            raise ValueError(f"the bytes end within the length of value {len(values)}")
        at = begin + _LENGTH.unpack_from(raw, at)[0]
        if at > len(raw):
            raise ValueError(f"value {len(values)} has {at - begin} bytes, but only {len(raw) - begin} are left")
        try:
            values.append(str(raw[begin:at], "utf-8"))
        except UnicodeDecodeError as error:
            raise ValueError(f"value {len(values)} is no UTF-8: {error.reason}") from error
    return values
