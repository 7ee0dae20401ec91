"""Artefacts: written whole or not at all, read back to the last bit, refused when anything is wrong with them."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as save_tensors
from typing_extensions import override

from recsys import artifact
from recsys.artifact import Array, Artifact, ArtifactError, ItemTable, Manifest, read_manifest

USER_IDS, ITEM_IDS = np.array([3, 7, 20]), np.array([10, 11])
ITEMS = ItemTable(("Café", "北京"), (1999, None), (("Comedy", "Drama"), ()))


def manifest(kind: str = "LinearNetwork", **changes: object) -> Manifest:
    values: dict[str, object] = {
        "kind": kind, "recipe": "test", "rating_scale": (1.0, 5.0), "global_mean": 3.5, "split": "0.9", "seed": 0,
        "metrics": {"test_rmse": 0.9}, "data_name": "100k", "data_sha256": "ab", "created": "2026-01-01T00:00:00+00:00",
        "configuration": {"data": {"split": "0.9"}},
    }  # fmt: skip
    return Manifest(**{**values, **changes})  # type: ignore[arg-type]  # the test's own values


def arrays(seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "matrix": rng.uniform(0, 6, (3, 2)).astype(np.float32),
        "user_ids": USER_IDS,
        "item_ids": ITEM_IDS,
        "user_means": np.array([0.5, -0.5, 0.25], np.float32),
        "item_means": np.array([1.0, -1.0], np.float32),
        "rating_users": np.array([0, 1, 2], np.int32),
        "rating_items": np.array([0, 0, 1], np.int32),
        "rating_values": np.array([1.0, 4.5, 5.0], np.float32),
    }


def test_what_is_read_back_equals_what_was_written(tmp_path: Path) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    for path in (directory, str(tmp_path / "latest")):
        loaded = artifact.load(path)
        assert loaded.manifest == read_manifest(path)
        assert loaded.items == ITEMS
        assert loaded.manifest.metrics == {"test_rmse": 0.9}
        for name, array in arrays().items():
            assert np.array_equal(loaded.arrays[name], array)
            assert loaded.arrays[name].dtype == array.dtype
    assert json.loads((directory / "metrics.json").read_text())["model"] == "test"


def test_pairs_of_known_ids_are_answered_by_the_model_and_clipped() -> None:
    stored = arrays() | {"matrix": np.array([[0.0, 2.5], [5.5, 3.0], [4.0, 1.0]], np.float32)}
    predictions = Artifact(manifest(), stored, ITEMS).predict([3, 3, 7, 20], [10, 11, 10, 11])
    assert predictions.ratings.tolist() == [1.0, 2.5, 5.0, 1.0]
    assert [artifact.SOURCES[s] for s in predictions.sources] == ["model"] * 4


def test_unknown_ids_are_answered_by_the_best_mean_there_is() -> None:
    predictions = Artifact(manifest(), arrays(), ITEMS).predict([3, 99, 99, -(2**62)], [99, 11, 2**62, 10])
    assert predictions.ratings.tolist() == [4.0, 2.5, 3.5, 4.5]
    assert [artifact.SOURCES[s] for s in predictions.sources] == ["user_mean", "item_mean", "global_mean", "item_mean"]


def test_rows_without_ratings_are_answered_like_ids_that_are_not_there() -> None:
    stored = arrays() | {
        "rating_users": np.array([0], np.int32),
        "rating_items": np.array([0], np.int32),
        "rating_values": np.array([3.0], np.float32),
        "user_means": np.array([0.5, 0, 0], np.float32),
        "item_means": np.array([1.0, 0], np.float32),
    }
    model = Artifact(manifest(), stored, ITEMS)
    predictions = model.predict([3, 3, 7, 7, 20], [10, 11, 10, 11, 10])
    assert predictions.ratings.tolist()[1:] == [4.0, 4.5, 3.5, 4.5]
    sources = ["model", "user_mean", "item_mean", "global_mean", "item_mean"]
    assert [artifact.SOURCES[s] for s in predictions.sources] == sources
    assert [model.source(0, item) for item in (0, 1, None)] == ["model", "user_mean", "user_mean"]
    assert [model.source(None, item) for item in (0, 1, None)] == ["item_mean", "global_mean", "global_mean"]


def test_an_item_that_is_not_there_has_the_effect_of_a_new_item() -> None:
    model = Artifact(manifest(), arrays() | {"new_item_mean": np.array([-0.25], np.float32)}, ITEMS)
    assert model.predict([3, 99, 99], [99, 99, 11]).ratings.tolist() == [3.75, 3.25, 2.5]


def test_no_pairs_have_no_predictions() -> None:
    assert Artifact(manifest(), arrays(), ITEMS).predict([], []).ratings.tolist() == []


@pytest.mark.parametrize("ids", [["3"], [3.0], [True], [None], [2**70]])
def test_ids_of_the_wrong_type_are_an_error_and_not_a_mean(ids: list[object]) -> None:
    with pytest.raises(TypeError, match="whole numbers"):
        Artifact(manifest(), arrays(), ITEMS).predict(np.array(ids), [10])


def test_as_many_users_as_items_are_needed() -> None:
    with pytest.raises(ValueError, match="2 user ids and 1 item ids"):
        Artifact(manifest(), arrays(), ITEMS).predict([3, 7], [10])


def test_the_newest_artefact_is_the_latest_and_the_one_before_stays(tmp_path: Path) -> None:
    first = artifact.save(tmp_path, manifest(), arrays(1), ITEMS)
    second = artifact.save(tmp_path, manifest(), arrays(2), ITEMS)
    assert artifact.load(tmp_path / "latest").manifest.version == artifact.load(second).manifest.version
    assert artifact.load(first).manifest.version != artifact.load(second).manifest.version


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


@pytest.mark.parametrize(
    "change", [{"metrics": {"test_rmse": float("nan")}}, {"recipe": 3}, {"rating_scale": (5, 5.5)}]
)
def test_what_could_not_be_loaded_is_not_exported(tmp_path: Path, change: dict[str, object]) -> None:
    first = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    with pytest.raises(ArtifactError):
        artifact.save(tmp_path, manifest(**change), arrays(), ITEMS)  # type: ignore[arg-type]  # wrong on purpose
    assert (tmp_path / "latest").resolve() == first


class Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, touched: Path) -> None:
        self.touched = touched

    @override
    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.touched,))


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


def rewrite(directory: Path, model: bytes | None = None, items: bytes | None = None) -> None:
    """Put other files in place, with a manifest that vouches for them."""
    for name, data in ((artifact.MODEL_FILE, model), (artifact.ITEMS_FILE, items)):
        if data is not None:
            (directory / name).write_bytes(data)
    names = (artifact.MODEL_FILE, artifact.ITEMS_FILE)
    hashes = [hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in names]
    (directory / artifact.MANIFEST_FILE).write_bytes(manifest().sealed(*hashes).to_json())


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
        b'{"titles": ["a", "b"], "years": [1, 2]}',
        b'{"titles": ["a", "b"], "years": [1, 2], "genres": [[], []], "more": 1}',
        b'{"titles": ["a"], "years": [1, 2], "genres": [[], []]}',
        b'{"titles": ["a", 1], "years": [1, 2], "genres": [[], []]}',
        b'{"titles": ["a", "\\ud800"], "years": [1, 2], "genres": [[], []]}',
        b'{"titles": ["a", "b"], "years": [1, true], "genres": [[], []]}',
        b'{"titles": ["a", "b"], "years": [1, 10000], "genres": [[], []]}',
        b'{"titles": ["a", "b"], "years": [1, 2], "genres": [[], "ab"]}',
        b'{"titles": "ab", "years": [1, 2], "genres": [[], []]}',
    ],
)
def test_an_item_table_that_is_wrong_is_refused_although_the_hash_is_right(tmp_path: Path, table: bytes) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    rewrite(directory, items=table)
    with pytest.raises(ArtifactError, match="item table"):
        artifact.load(directory)


@pytest.mark.parametrize("data", [b"", b"x" * 100, b"\xff" * 8 + b"{}", (10).to_bytes(8, "little") + b"{}        "])
def test_weights_that_are_no_safetensors_file_are_refused_although_the_hash_is_right(
    tmp_path: Path, data: bytes
) -> None:
    directory = artifact.save(tmp_path, manifest(), arrays(), ITEMS)
    rewrite(directory, data)
    with pytest.raises(ArtifactError):
        artifact.load(directory)


def huge_array(shape: list[int], offsets: list[int]) -> bytes:
    """A short safetensors file whose header declares an array that is not there."""
    header = json.dumps({"matrix": {"dtype": "F32", "shape": shape, "data_offsets": offsets}}).encode()
    return len(header).to_bytes(8, "little") + header + b"1234"


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
        {"rating_scale": [5, 1]},
        {"rating_scale": "1-5"},
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


@pytest.mark.slow
def test_a_process_killed_while_it_exports_leaves_the_latest_artefact_whole(tmp_path: Path) -> None:
    script = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path\n"
        "from recsys import artifact\n"
        "from tests.recsys.artifact.test_artifact import ITEMS, arrays, manifest\n"
        "for seed in range(10**9): artifact.save(Path(sys.argv[1]), manifest(), arrays(seed), ITEMS)\n"
    )
    root = Path(__file__).parents[3]
    for delay in (0.0, 0.003, 0.011, 0.027):
        with subprocess.Popen([sys.executable, "-c", script, str(tmp_path), str(root)]) as process:
            deadline = time.monotonic() + 60
            known = len(list(tmp_path.glob("2026*")))
            while len(list(tmp_path.glob("2026*"))) < known + 3 and time.monotonic() < deadline:
                time.sleep(0.002)
            time.sleep(delay)
            os.kill(process.pid, signal.SIGKILL)
        artifact.load(tmp_path / "latest")
        for directory in tmp_path.glob("2026*"):
            artifact.load(directory)
    artifact.save(tmp_path, manifest(), arrays(5), ITEMS)
    assert not list(tmp_path.glob(".writing-*"))


def test_reading_artefacts_needs_neither_torch_nor_lightning() -> None:
    script = "import sys, recsys.artifact; print([m for m in ('torch', 'pytorch_lightning') if m in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", script], cwd=Path(__file__).parents[3], text=True) == "[]\n"


def test_artefacts_that_share_a_folder_map_one_copy_that_nobody_can_change(tmp_path: Path) -> None:
    folder = tmp_path / "share"
    saved = artifact.save(tmp_path / "a", manifest(), arrays(), ITEMS)
    mine, theirs = (artifact.load(saved, share=folder) for _ in range(2))
    alone = artifact.load(saved)
    (copy,) = folder.glob("*.safetensors")
    for name, array in alone.arrays.items():
        assert np.array_equal(mine.arrays[name], array)
        assert mine.arrays[name].dtype == array.dtype
        assert not mine.arrays[name].flags.writeable
    maps = Path("/proc/self/maps").read_text()
    assert maps.count(f" {copy.stat().st_ino} ") >= 2

    (saved / "model.safetensors").write_bytes(
        b""
    )  # as by a careless copy over it; a mapping of it would end the process
    assert np.array_equal(theirs.arrays["user_ids"], alone.arrays["user_ids"])
    with pytest.raises(ArtifactError, match="SHA-256"):
        artifact.load(saved, share=folder)
    artifact.load(artifact.save(tmp_path / "b", manifest(), arrays(seed=1), ITEMS), share=folder)
    assert copy not in list(folder.iterdir())
    assert np.array_equal(mine.arrays["user_ids"], alone.arrays["user_ids"])


def test_where_a_shared_folder_has_no_room_the_model_is_in_private_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    saved = artifact.save(tmp_path / "a", manifest(), arrays(), ITEMS)
    (tmp_path / "file").touch()
    loaded = artifact.load(saved, share=tmp_path / "file" / "folder")
    for name, array in artifact.load(saved).arrays.items():
        assert np.array_equal(loaded.arrays[name], array)
    assert "own memory" in caplog.text
