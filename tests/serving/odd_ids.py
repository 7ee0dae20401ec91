"""A model of a thousand users and items with odd ids, whose rating of a pair says which pair it is."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import numpy as np

from recsys import artifact
from recsys.artifact import Array, Ids, ItemTable, Manifest, StringIds

N = 1000
EACH = 1024  # a rating is user position · EACH + item position, exactly, also in float32
GREATEST = 2**63 - 1
ODD = [
    "", " ", "  ", "7", "07", "007", "7.0", "-7", "+7", "1e3", "NaN", "nan", "null", "None", "true", "\0", "a\0", "\n",
    "a\n", "\r\n", "\t", ",", ",,", "a,b", '"', '""', "'", '"a"', "a\"b,c\"\n", "\\", "\\ud83e", "{}", "[]", "=", "==",
    "&", "a&b=c", "?", "#", "%", "%2F", "%25", "%FF", "+", "a+b", "a b", "/", "//", "a/b", ".", "..", "../..", "./a",
    "recommendations", "é", "é", "ß", "İ", "北京", "🦊", "👩‍👩‍👧‍👦", "\u202e", "\ufeff", "\u2028", "\ufffd", "\uffff",
    "\U0010ffff", "<script>", "9223372036854775807", "9223372036854775808", "x" * 8_000, "y" * 100_000,
    "🦊" * 20_000, "," * 5_000,
]  # fmt: skip


@cache
def strings(seed: int) -> StringIds:
    """The odd strings above, and strings of random characters: `N` of together more than a megabyte."""
    rng = random.Random(seed)
    found = set(ODD)
    alphabets = (
        "0123456789",
        "abc,;\"'\n\t ",
        "%/?#&=+.\\",
        "éüñ北京日本",
        "🦊👩\u200d😀\U0001f468",
        "abcdefghijklmnop",
    )
    while len(found) < N:
        length = rng.choice((1, 3, 12, 40, 200, 2_000))
        found.add("".join(rng.choices("".join(rng.sample(alphabets, 2)), k=length)))
    ids = StringIds.from_strings(found)
    assert ids.text.size > 1_000_000 / 2  # on each of two sides
    return ids


@cache
def numbers(seed: int) -> Array:
    """Whole numbers, among them the least and the greatest of 64 bits."""
    rng = random.Random(seed)
    found = {-(2**63), -1, 0, 1, 2**53, 2**53 + 1, GREATEST - 1, GREATEST}
    while len(found) < N:
        found.add(rng.randint(-(2**63), GREATEST))
    return np.array(sorted(found))


def saved(root: Path, users: Ids, items: Ids) -> Path:
    """The model with these ids as an artefact."""
    manifest = Manifest(
        kind="UserItemEmbedding", recipe="odd", rating_scale=(0.0, float(EACH * EACH)), rating_step=None,
        global_mean=0.5, split="0.9", seed=0, metrics={}, data_name="odd", data_sha256="",
        created="2026-01-01T00:00:00+00:00", configuration={},
    )  # fmt: skip
    positions = np.arange(N, dtype=np.float32)
    arrays: dict[str, Array] = {
        **artifact.id_arrays("user", users),
        **artifact.id_arrays("item", items),
        "user_factors": np.zeros((N, 1), np.float32),
        "item_factors": np.zeros((N, 1), np.float32),
        "user_bias": positions[:, None] * EACH,
        "item_bias": positions[:, None],
        "user_means": np.zeros(N, np.float32),
        "item_means": np.zeros(N, np.float32),
        "rating_users": np.arange(N, dtype=np.int32),
        "rating_items": np.arange(N, dtype=np.int32),
        "rating_values": positions * EACH + positions,
    }
    return artifact.save(root, manifest, arrays, ItemTable())
