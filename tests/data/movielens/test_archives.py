"""Archives that are not what they should be are refused before anything in them is used."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from data.errors import ArchiveError, ChecksumError, DataError, MissingFileError, UnsafeArchiveError
from data.movielens import load_data_set
from tests.data.movielens.miniatures import Miniature, declared, miniature, packed


@pytest.fixture
def small() -> Miniature:
    return miniature("20m")


def test_an_archive_given_by_path_that_has_been_tampered_with_is_refused_and_left_alone(
    small: Miniature, tmp_path: Path
) -> None:
    path = small.write(tmp_path)
    tampered = small.content[:-1] + b"!"
    path.write_bytes(tampered)
    with pytest.raises(ChecksumError, match=r"ml-20m.zip is not ml-20m.zip as published: its checksum is another"):
        load_data_set(small.data_set, path=path)
    assert path.read_bytes() == tampered


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.9, -1])
def test_a_truncated_archive_is_refused(small: Miniature, kept: float, tmp_path: Path) -> None:
    path = small.write(tmp_path)
    path.write_bytes(small.content[: int(kept * len(small.content)) if 0 < kept < 1 else int(kept)])
    with pytest.raises(ChecksumError, match="truncated, altered or another file"):
        load_data_set(small.data_set, path=path)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.9, -1])
def test_an_archive_that_cannot_be_unpacked_is_refused_even_with_the_right_checksum(
    small: Miniature, kept: float, tmp_path: Path
) -> None:
    content = small.content[: int(kept * len(small.content)) if 0 < kept < 1 else int(kept)]
    broken = Miniature(declared(small.data_set, content), content)
    with pytest.raises(ArchiveError, match=r"ml-20m.zip cannot be unpacked: .* delete it and fetch it again"):
        load_data_set(broken.data_set, path=broken.write(tmp_path))


def test_an_archive_with_any_one_byte_changed_is_read_or_refused_for_a_reason(small: Miniature, tmp_path: Path) -> None:
    for place in range(len(small.content)):
        content = bytearray(small.content)
        content[place] ^= 0xFF
        broken = Miniature(declared(small.data_set, bytes(content)), bytes(content))
        try:
            ratings = load_data_set(broken.data_set, path=broken.write(tmp_path))
        except DataError:
            continue
        assert len(ratings) == 4  # dates, permissions and the like do not matter


@pytest.mark.parametrize("name", ["../u.data", "ml-20m/../../x", "/etc/x", "C:\\x", "..\\x", "\\x", "\\\\host\\x"])
def test_an_archive_with_a_member_that_leads_out_of_it_is_refused(small: Miniature, name: str, tmp_path: Path) -> None:
    content = packed({"ml-20m/ratings.csv": b"", name: b"malice"})
    unsafe = Miniature(declared(small.data_set, content), content)
    with pytest.raises(UnsafeArchiveError, match="leads out of the directory it would be unpacked in"):
        load_data_set(unsafe.data_set, path=unsafe.write(tmp_path))


def test_a_name_that_merely_looks_like_the_parent_directory_is_accepted(small: Miniature, tmp_path: Path) -> None:
    with zipfile.ZipFile(small.write(tmp_path)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = packed({**members, "ml-20m/..notes": b"", "ml-20m/more...txt": b""})
    accepted = Miniature(declared(small.data_set, content), content)
    assert len(load_data_set(accepted.data_set, path=accepted.write(tmp_path))) == 4


def test_an_archive_without_one_of_its_files_is_refused(small: Miniature, tmp_path: Path) -> None:
    content = packed({"ml-20m/movies.csv": b""})
    partial = Miniature(declared(small.data_set, content), content)
    with pytest.raises(MissingFileError, match=r"ml-20m.zip has no member ml-20m/ratings.csv"):
        load_data_set(partial.data_set, path=partial.write(tmp_path))


def test_a_directory_without_one_of_its_files_is_refused(small: Miniature, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=rf"the directory {tmp_path} has no ratings.csv. Unpack https://"):
        load_data_set(small.data_set, path=tmp_path)
    with zipfile.ZipFile(small.write(tmp_path)) as archive:
        archive.extract("ml-20m/ratings.csv", tmp_path)
    with pytest.raises(MissingFileError, match=r"movies.csv cannot be read .*Unpack the whole archive"):
        load_data_set(small.data_set, path=tmp_path)


def test_a_path_that_does_not_exist_is_named(small: Miniature, tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match=r"nowhere.zip does not exist. Give ml-20m.zip, or leave the path out"):
        load_data_set(small.data_set, path=tmp_path / "nowhere.zip")


def test_the_archive_of_another_data_set_is_refused(small: Miniature, tmp_path: Path) -> None:
    with pytest.raises(ChecksumError, match="another file"):
        load_data_set(small.data_set, path=miniature("25m").write(tmp_path))


def test_reading_an_archive_writes_nothing(small: Miniature, tmp_path: Path) -> None:
    path = small.write(tmp_path)
    load_data_set(small.data_set, path=path)
    assert list(tmp_path.iterdir()) == [path]
