"""The prepared form of ratings: a folder of arrays, which are mapped, and a manifest that says of what they are.

    prepared.json                                    written last: a folder without it is none
    users.npy items.npy ratings.npy [times.npy]      (n,), in the order of their source, as splits number them
    by_user/  starts.npy items.npy ratings.npy rows.npy
    by_item/  starts.npy users.npy ratings.npy rows.npy
    user_ids.npy, or user_id_offsets.npy and user_id_text.npy; likewise of items
    user_table.arrow item_table.arrow                where there are such tables

Users, items and rows are int32 (rows int64 from 2^31 ratings on), ratings float32: 12 bytes a rating, in each of three
orders. Times are int64. `.npy` because it is one array a file, which numpy and others map as it is; Arrow's files cut
columns into chunks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.errors import PreparedFolderError
from data.ids import Ids, StringIds
from data.prepared.descriptions import read_table
from data.prepared.sorted_rows import OTHER
from data.ratings import Ratings, RatingScale
from data.sorted_ratings import SortedRatings
from data.tables.formats.files import PREPARED

MANIFEST = PREPARED
FORMAT = 1

_AGAIN = "Prepare it again: recsys prepare SOURCE --out FOLDER."


@dataclass(frozen=True)
class Manifest:
    """What prepared ratings are, and of what they were made."""

    name: str
    source: str
    n_ratings: int
    n_train: int
    """How many of the ratings, at the beginning, are not for testing; all, where no test ratings were given."""
    n_users: int
    n_items: int
    left_out: int
    scale: tuple[float, float, float | None]
    """Least, greatest, step."""
    has_times: bool
    sha256: str
    """Of what the ratings are, as `Ratings` has it."""
    made_from: Mapping[str, Any]
    """The source and the options, and when the files were changed: what tells whether the work is done already."""
    versions: Mapping[str, str]
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Write it; the folder is whole then."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read that of a folder.

        Raises:
            PreparedFolderError: there is none, it cannot be read, or it is of another format.
        """
        try:
            found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError as cause:
            raise PreparedFolderError(
                f"{folder} holds no prepared ratings: it has no {MANIFEST}. Make them: recsys prepare SOURCE --out "
                f"{folder}."
            ) from cause
        except (OSError, ValueError) as cause:
            raise PreparedFolderError(f"{folder / MANIFEST} cannot be read: {cause}. {_AGAIN}") from cause
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            has = found.get("format") if isinstance(found, dict) else None
            raise PreparedFolderError(f"{folder} has format {has}, and {FORMAT} is read. {_AGAIN}")
        try:
            return cls(**(found | {"scale": tuple(found["scale"])}))
        except (TypeError, KeyError) as cause:
            raise PreparedFolderError(f"{folder / MANIFEST} is not whole: {cause}. {_AGAIN}") from cause


@dataclass(frozen=True, eq=False)
class NumberedRatings(SortedRatings):
    """The ratings in order of one side, with what numbers them."""

    rows: npt.NDArray[np.int32 | np.int64]  # (n,), where each stands in the order of the source, as a split numbers it


class Prepared:
    """Prepared ratings, mapped: what is not looked at takes no memory, and processes share what is."""

    def __init__(self, folder: Path) -> None:
        """Read the manifest of a folder, and check that its arrays are as long as it says.

        Raises:
            PreparedFolderError: it holds no prepared ratings, or they are not whole.
        """
        self.folder = folder
        self.manifest = Manifest.read(folder)

    @cached_property
    def ratings(self) -> Ratings:
        """All ratings, in the order of their source; users and items are int32.

        Raises:
            PreparedFolderError: a file is missing or damaged.
        """
        said = self.manifest
        n = said.n_ratings
        user_ids, item_ids = self._ids("user", said.n_users), self._ids("item", said.n_items)
        return Ratings(
            name=said.name,
            users=self._mapped("users", np.int32, n),
            items=self._mapped("items", np.int32, n),
            values=self._mapped("ratings", np.float32, n),
            timestamps=self._mapped("times", np.int64, n) if said.has_times else None,
            user_ids=user_ids,
            item_ids=item_ids,
            scale=RatingScale(*said.scale),
            user_table=read_table(self.folder, "user", user_ids),
            item_table=read_table(self.folder, "item", item_ids),
            sha256=said.sha256,
            source=said.source,
            left_out=said.left_out,
        )

    @cached_property
    def by_user(self) -> NumberedRatings:
        """The ratings in order of users.

        Raises:
            PreparedFolderError: a file is missing or damaged.
        """
        return self._sorted("user", self.manifest.n_users)

    @cached_property
    def by_item(self) -> NumberedRatings:
        """The ratings in order of items.

        Raises:
            PreparedFolderError: a file is missing or damaged.
        """
        return self._sorted("item", self.manifest.n_items)

    def _sorted(self, side: str, n_side: int) -> NumberedRatings:
        n = self.manifest.n_ratings
        return NumberedRatings(
            starts=self._mapped(f"by_{side}/starts", np.int64, n_side + 1),
            others=self._mapped(f"by_{side}/{OTHER[side]}s", np.int32, n),
            values=self._mapped(f"by_{side}/ratings", np.float32, n),
            rows=self._mapped(f"by_{side}/rows", (np.int32, np.int64), n),
        )

    def _ids(self, side: str, n: int) -> Ids:
        if (self.folder / f"{side}_ids.npy").exists():
            return self._mapped(f"{side}_ids", np.int64, n)
        offsets, text = self._mapped(f"{side}_id_offsets", np.int64, n + 1), self._mapped(f"{side}_id_text", np.uint8)
        try:
            return StringIds(offsets, text)
        except ValueError as cause:
            raise PreparedFolderError(f"{self.folder}: the {side} ids are damaged: {cause}. {_AGAIN}") from cause

    def _mapped(self, name: str, kinds: Any, size: int | None = None) -> npt.NDArray[Any]:
        path = self.folder / f"{name}.npy"
        try:
            array = np.asarray(np.load(path, mmap_mode="r"))
        except (OSError, ValueError, EOFError) as cause:
            raise PreparedFolderError(f"{path} is missing or damaged: {cause}. {_AGAIN}") from cause
        kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        if array.dtype not in kinds or array.ndim != 1 or size not in (None, array.size):
            raise PreparedFolderError(
                f"{path} holds {array.dtype}{array.shape}, not {np.dtype(kinds[0])}({size},). {_AGAIN}"
            )
        return array


def comes_with_test(path: Path) -> bool:
    """Whether a path is that of prepared ratings some of which are given to test on.

    Raises:
        PreparedFolderError: the manifest is damaged.
    """
    if not is_prepared(path):
        return False
    manifest = Manifest.read(path)
    return manifest.n_train < manifest.n_ratings


def is_prepared(path: Path) -> bool:
    """Whether a path is that of prepared ratings."""
    return (path / MANIFEST).is_file()
