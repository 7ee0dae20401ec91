"""Artefacts are refused when anything is wrong with them, and nothing of them is run."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as save_tensors

from recsys import artifact
from recsys.artifact import Array, ArtifactError
from tests.recsys.artifact.small_artefact import (
    ITEMS,
    Payload,
    arrays,
    huge_array,
    manifest,
    rewrite,
    with_text_ids,
)


@pytest.mark.parametrize("name", [artifact.MODEL_FILE, artifact.ITEMS_FILE, artifact.MANIFEST_FILE])
def test_any_changed_byte_is_refused(tmp_path: Path, name: str) -> None:
    path = artifact.save(tmp_path, manifest(), arrays(), ITEMS) / name
    original = path.read_bytes()
    for position in range(len(original)):
        changed = bytearray(original)
        changed[position] ^= 1
        path.write_bytes(changed)
        with pytest.raises(ArtifactError, match=name):
            artifact.load(path.parent)
    path.write_bytes(original)
    artifact.load(path.parent)


def test_truncated_or_missing_weights_are_refused(tmp_path: Path) -> None:
    path = artifact.save(tmp_path, manifest(), arrays(), ITEMS) / artifact.MODEL_FILE
    for content in (path.read_bytes()[:-1], b""):
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match="SHA-256"):
            artifact.load(path.parent)
    path.unlink()
    with pytest.raises(ArtifactError, match="cannot be read"):
        artifact.load(path.parent)


@pytest.mark.parametrize("name", [artifact.MODEL_FILE, artifact.ITEMS_FILE, artifact.MANIFEST_FILE])
@pytest.mark.parametrize("vouched_for", [False, True])
def test_a_pickle_in_the_place_of_a_file_is_refused_and_runs_nothing(
    tmp_path: Path, name: str, vouched_for: bool
) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    content = pickle.dumps(Payload(tmp_path / "ran"))
    pickle.loads(content)
    assert (tmp_path / "ran").exists()
    (tmp_path / "ran").unlink()
    (directory / name).write_bytes(content)
    if vouched_for and name != artifact.MANIFEST_FILE:
        rewrite(directory)
    with pytest.raises(ArtifactError):
        artifact.load(directory)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", [artifact.MODEL_FILE, artifact.ITEMS_FILE, artifact.MANIFEST_FILE])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = artifact.save(tmp_path, manifest(), arrays(), ITEMS) / name
    for make in (os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(path)):
        path.unlink() if path.is_symlink() or not path.is_dir() else path.rmdir()
        make(path)
        with pytest.raises(ArtifactError, match=f"{name} cannot be read"):
            artifact.load(path.parent)


@pytest.mark.parametrize(
    "more",
    [
        {"model_file": "../../elsewhere/model.safetensors"},
        {"model": "/etc/passwd"},
        {"items_file": "http://127.0.0.1/items.json"},
    ],
)
def test_a_manifest_that_points_elsewhere_is_refused_although_its_own_hash_is_right(
    tmp_path: Path, more: dict[str, str]
) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    path = directory / artifact.MANIFEST_FILE
    content = {**json.loads(path.read_text()), **more, "sha256": ""}
    content["sha256"] = hashlib.sha256((json.dumps(content, indent=2) + "\n").encode()).hexdigest()
    path.write_text(json.dumps(content, indent=2) + "\n")
    with pytest.raises(ArtifactError, match=f"unknown values: {next(iter(more))}"):
        artifact.load(directory)


def test_a_manifest_of_another_artefact_is_refused(tmp_path: Path) -> None:
    first, second = (artifact.save(tmp_path, manifest(), arrays(seed), ITEMS) for seed in (1, 2))
    (first / artifact.MANIFEST_FILE).write_bytes((second / artifact.MANIFEST_FILE).read_bytes())
    with pytest.raises(ArtifactError, match=r"model.safetensors is not the file the manifest describes"):
        artifact.load(first)


@pytest.mark.parametrize(
    "change",
    [
        {"matrix": np.zeros((3, 3), np.float32)},
        {"matrix": np.zeros((3, 2), np.float64)},
        {"matrix": np.full((3, 2), np.nan, np.float32)},
        {"user_ids": np.array([3, 3, 20])},
        {"user_ids": np.array([20, 7, 3])},
        {"user_ids": np.zeros(0, np.int64)},
        {"user_ids": np.array([[3, 7, 20]])},
        {"user_id_text": np.zeros(1, np.uint8)},
        {"user_means": np.zeros(4, np.float32)},
        {"something_else": np.zeros(1, np.float32)},
        {"rating_users": np.array([0, 0, 3], np.int32)},
        {"rating_users": np.array([-1, 0, 2], np.int32)},
        {"rating_users": np.array([0, 2, 0], np.int32)},
        {"rating_users": np.array([0, 1, 2], np.int64)},
        {"rating_items": np.array([0, 2, 1], np.int32)},
        {"rating_users": np.array([0, 0, 2], np.int32)},
        {"rating_items": np.array([0, 1], np.int32)},
        {"rating_values": np.array([1.0, 4.5, 5.5], np.float32)},
        {"rating_values": np.array([0.5, 4.5, 5.0], np.float32)},
        {name: np.zeros(0, np.int32) for name in ("rating_users", "rating_items")}
        | {"rating_values": np.zeros(0, np.float32)},
    ],
)
def test_weights_that_do_not_fit_the_kind_of_model_are_refused_although_the_hash_is_right(
    tmp_path: Path, change: dict[str, Array]
) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    rewrite(directory, save_tensors(arrays() | change))
    with pytest.raises(ArtifactError, match="array"):
        artifact.load(directory)


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'{"more": 1}',
        b'{"title": ["a"]}',
        b'{"title": ["a", 1]}',
        b'{"title": ["a", "\\ud800"]}',
        b'{"title": "ab"}',
        b'{"year": [1, true]}',
        b'{"year": [1, 10000]}',
        b'{"year": [1, 2.0]}',
        b'{"genres": [[], "ab"]}',
        b'{"genres": [[], null]}',
        b'{"genres": [[], [1]]}',
        b'{"more": [1, {}]}',
        b'{"more": [1, ["a", 1]]}',
        b'{"more": [1, ["\\ud800"]]}',
        b'{"more": [1, "\\ud800"]}',
        b'{"more": [1, NaN]}',
        b'{"more": [1, -1e999]}',
        b'{"more": [1]}',
        b'{"more": null}',
        b'{"\\ud800": [1, 2]}',
    ],
)
def test_an_item_table_that_is_wrong_is_refused_although_the_hash_is_right(tmp_path: Path, table: bytes) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    rewrite(directory, items=table)
    with pytest.raises(ArtifactError, match="item table"):
        artifact.load(directory)


@pytest.mark.parametrize(
    "change",
    [
        {"user_id_offsets": np.array([0, 1, 2, 9])},
        {"user_id_offsets": np.array([0, 2, 1, 4])},
        {"user_id_offsets": np.array([0, 1, 3, 4])},  # within the two bytes of a letter
        {"user_id_offsets": np.array([0, 1, 2])},
        {"user_id_text": np.full(4, 0xFF, np.uint8)},
        {"user_id_text": np.zeros(4, np.int32)},
        {"user_id_hashes": np.array([3, 2, 1], np.uint32)},
        {"user_id_by_hash": np.array([0, 1, 3], np.int32)},
        {"user_id_by_hash": np.array([[0, 1, 2]], np.int32)},
        {"user_ids": np.array([3, 7, 20])},
    ],
)
def test_arrays_that_hold_no_text_are_refused_although_the_hash_is_right(
    tmp_path: Path, change: dict[str, Array]
) -> None:
    right = with_text_ids(arrays(), users=["a", "b", "ü"])
    artifact.load(artifact.save(tmp_path, manifest(), right, ITEMS))
    directory = artifact.save(tmp_path, manifest(), right, ITEMS)
    rewrite(directory, save_tensors(right | change))
    with pytest.raises(ArtifactError, match="array"):
        artifact.load(directory)


@pytest.mark.parametrize("missing", ["user_ids", "item_ids"])
def test_ids_that_are_missing_are_named(tmp_path: Path, missing: str) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    rewrite(directory, save_tensors({name: array for name, array in arrays().items() if name != missing}))
    with pytest.raises(ArtifactError, match=f"arrays: {missing}"):
        artifact.load(directory)


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"\xff" * 8 + b"{}", (10).to_bytes(8, "little") + b"{}        "])
def test_weights_that_are_no_safetensors_file_are_refused_although_the_hash_is_right(
    tmp_path: Path, data: bytes
) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    rewrite(directory, data)
    with pytest.raises(ArtifactError):
        artifact.load(directory)


def test_a_header_that_declares_a_huge_array_is_refused_without_memory_for_it(tmp_path: Path) -> None:
    directories = []
    for shape, offsets in (
        ([2**40, 2**20], [0, 2**62]),
        ([2**32, 2**32], [0, 0]),  # of which the number of bytes is 0 in 64 bits
        ([2**63, 2], [0, 2**66]),
        ([2**36], [0, 2**38]),
        ([2**36], [0, 4]),
        ([-1], [0, -4]),
        ([1], [2**64 - 4, 2**64]),
    ):
        directories.append(artifact.save(tmp_path, manifest(), arrays(), ITEMS))
        rewrite(directories[-1], huge_array(shape, offsets))
    script = (
        "import resource, sys; from recsys import artifact\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))\n"
        "for directory in sys.argv[1:]:\n"
        "    try: artifact.load(directory)\n"
        "    except artifact.ArtifactError as error: print(error)\n"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # each thread would take some of the memory allowed
    said = subprocess.check_output(
        [sys.executable, "-c", script, *directories], cwd=Path(__file__).parents[3], env=environment, text=True
    )
    assert said.count("model.safetensors is not a safetensors file") == len(directories) == 7


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "NoSuchModel"},
        {"format": 1},
        {"format": 2},
        {"format": 6},
        {"format": 3.0},
        {"rating_scale": [5, 1]},
        {"rating_scale": "1-5"},
        {"rating_step": 0},
        {"rating_step": -0.5},
        {"rating_step": 4.5},
        {"rating_step": "1"},
        {"rating_step": True},
        {"seed": "0"},
        {"unknown": 1},
        {"global_mean": float("nan")},
        {"global_mean": True},
        {"metrics": {"test_rmse": "0.9"}},
        {"metrics": {"test_rmse": float("inf")}},
        {"seed": 1},
        {"recipe": "\ud800"},
    ],
)
def test_a_manifest_with_a_wrong_value_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    path = directory / artifact.MANIFEST_FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ArtifactError, match="manifest"):
        artifact.load(directory)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_a_manifest_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    (directory / artifact.MANIFEST_FILE).write_bytes(content)
    with pytest.raises(ArtifactError, match="manifest"):
        artifact.load(directory)


def test_a_folder_without_an_artefact_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="make train"):
        artifact.load(tmp_path)
