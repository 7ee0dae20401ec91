"""A folder of artefacts: several who save at once, old ones that go, and what stays."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsys import artifact
from recsys.artifact import ArtifactError, reading
from recsys.artifact.manifest import Manifest
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest, rewrite

SAVES = 15
SAVE_OFTEN = f"""
import sys
from pathlib import Path
from recsys import artifact
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest

for seed in range({SAVES}):
    artifact.save(Path(sys.argv[1]), manifest(recipe=sys.argv[2]), arrays(seed), ITEMS, keep=int(sys.argv[3]) or None)
"""


def saved(root: Path, day: int, **options: Any) -> Path:
    """An artefact made on a day of January."""
    created = f"2026-01-{day:02d}T00:00:00+00:00"
    return artifact.save(root, manifest(created=created), arrays(day), ITEMS, **options)


def names(root: Path) -> set[str]:
    return {path.name for path in root.iterdir()} - {".lock", "latest"}


@pytest.mark.slow
@pytest.mark.parametrize("keep", [0, 2])
def test_two_processes_that_save_into_one_folder_take_turns(tmp_path: Path, keep: int) -> None:
    command = [sys.executable, "-c", SAVE_OFTEN, str(tmp_path)]
    root = Path(__file__).parents[3]
    both = [subprocess.Popen([*command, name, str(keep)], cwd=root) for name in ("one", "other")]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    finished = names(tmp_path)
    assert len(finished) == (keep or 2 * SAVES)
    for name in finished | {"latest"}:
        artifact.load(tmp_path / name)


def test_the_newest_artefacts_stay_and_older_ones_go(tmp_path: Path) -> None:
    kept = [saved(tmp_path, day, keep=3) for day in range(1, 7)]
    assert names(tmp_path) == {path.name for path in kept[-3:]}
    assert (tmp_path / "latest").resolve() == kept[-1]


def test_fewer_than_are_kept_all_stay(tmp_path: Path) -> None:
    kept = [saved(tmp_path, day, keep=5) for day in range(1, 5)]
    assert names(tmp_path) == {path.name for path in kept}


def test_all_stay_where_no_number_is_given(tmp_path: Path) -> None:
    assert len({saved(tmp_path, day) for day in range(1, 9)}) == len(names(tmp_path)) == 8


def test_the_published_artefact_stays_however_old_it_is(tmp_path: Path) -> None:
    published = saved(tmp_path, 1)
    unpublished = [saved(tmp_path, day, publish=False, keep=2) for day in range(2, 6)]
    assert (tmp_path / "latest").resolve() == published
    assert names(tmp_path) == {published.name, *(path.name for path in unpublished[-2:])}
    artifact.load(tmp_path / "latest")


def test_one_that_was_just_written_stays_though_its_model_is_older(tmp_path: Path) -> None:
    newer = saved(tmp_path, 9)
    older = saved(tmp_path, 1, publish=False, keep=1)
    assert names(tmp_path) == {newer.name, older.name}  # the one is published, the other new


def test_what_save_did_not_write_is_not_removed(tmp_path: Path) -> None:
    old = [saved(tmp_path, day) for day in range(1, 6)]
    (old[0] / "notes.txt").write_text("why this one was good")
    old[1].rename(tmp_path / "the-good-one")
    (old[2] / artifact.MANIFEST_FILE).write_text("[]")
    shutil.copytree(old[3], tmp_path / old[3].name.replace(old[3].name[16:28], "0" * 12))
    (tmp_path / old[4].name.replace("2026", "2025")).symlink_to(old[4].name)
    foreign = names(tmp_path) - {old[3].name, old[4].name}
    (tmp_path / "20260101T000000-0123456789ab-cdef").write_text("a file")
    new = saved(tmp_path, 20, keep=1)
    assert names(tmp_path) == foreign | {"20260101T000000-0123456789ab-cdef", new.name}


def test_artefacts_of_older_formats_go_too(tmp_path: Path) -> None:
    old = saved(tmp_path, 1)
    rewrite(old)
    (old / artifact.CONFIG_FILE).unlink()
    changed = (old / artifact.MANIFEST_FILE).read_text().replace('"format": 6', '"format": 2')
    (old / artifact.MANIFEST_FILE).write_text(changed.replace(artifact.read_manifest(old).version, old.name[16:28]))
    with pytest.raises(ArtifactError, match="not a manifest of format 3, 4, 5 or 6, but of format 2"):
        artifact.load(old)
    assert names(tmp_path) == {old.name}
    new = saved(tmp_path, 2, keep=1)
    assert names(tmp_path) == {new.name}


def test_who_was_killed_leaves_nothing_for_long(tmp_path: Path) -> None:
    (tmp_path / ".writing-folder").mkdir()
    (tmp_path / ".writing-folder" / "model.safetensors").touch()
    (tmp_path / ".writing-link").symlink_to("nowhere")
    (tmp_path / ".writing-file").touch()
    new = saved(tmp_path, 1)
    assert names(tmp_path) == {new.name}


def test_a_full_disk_leaves_nothing_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved(tmp_path, 1)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        saved(tmp_path, 2)
    assert names(tmp_path) == {before.name}
    assert (tmp_path / "latest").resolve() == before


def test_a_reader_whose_artefact_is_removed_meanwhile_reads_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(tmp_path, 1)
    read = artifact.read_manifest
    monkeypatch.setattr(reading, "read_manifest", lambda directory: replaced_while_read(directory))

    def replaced_while_read(directory: Path) -> Manifest:
        content = read(directory)
        if directory.name.startswith("20260101"):
            saved(tmp_path, 2, keep=1)
            assert not directory.exists()
        return content

    loaded = artifact.load(tmp_path / "latest")
    assert np.array_equal(loaded.arrays["matrix"], arrays(2)["matrix"])
