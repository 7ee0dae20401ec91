"""A file or folder that a command cannot leave its results in is refused before any work."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pytest

from benchmarks import best_model, same_numbers
from benchmarks.document.documents import RESULTS
from benchmarks.faults import __main__ as faults
from benchmarks.peers import run as peers_run
from benchmarks.rmse_table import __main__ as rmse_table
from benchmarks.rmse_table.table import is_table
from benchmarks.serving_load import __main__ as serving_load
from benchmarks.speed import __main__ as speed
from synthetic.figures import __main__ as figures
from synthetic.table1 import __main__ as table1
from synthetic.table1.table import is_table1

JSON: dict[str, Callable[[], None]] = {
    "rmse_table": rmse_table.main,
    "best_model": best_model.main,
    "speed": speed.main,
    "serving_load": serving_load.main,
    "faults": faults.main,
    "same_numbers": same_numbers.main,
    "table1": table1.main,
}
FOLDERS: dict[str, tuple[Callable[[], None], list[str]]] = {
    "rmse_table --runs": (rmse_table.main, []),
    "table1 --runs": (table1.main, []),
    "figures --runs": (figures.main, []),
    "figures --results": (figures.main, ["--draw"]),
    "peers.run --folder": (peers_run.main, ["imc"]),
}
FOREIGN = {
    "empty": b"",
    "cut off": b'{"rows": [',
    "no text": b"\xff\x00",
    "a list": b"[]",
    "other rows": b'{"rows": [{"name": "x"}], "seeds": []}',
    "rows of no kind": b'{"rows": [1]}',
    "another file": b'{"dependencies": {"left-pad": "1.3.0"}}',
}


def refused(
    main: Callable[[], None],
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """What the command says when it ends with status 2, which argparse does before anything is done."""
    monkeypatch.setattr("sys.argv", ["command", *arguments])
    with pytest.raises(SystemExit, match=r"^2$"):
        main()
    return capsys.readouterr().err


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("command", JSON)
def test_a_file_of_something_else_is_refused_and_left(
    command: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "results.json"
    file.write_bytes(FOREIGN[kind])
    message = refused(JSON[command], [f"--json={file}"], monkeypatch, capsys)
    assert f"{file} is there and is no results file of this command; name another one" in message
    assert file.read_bytes() == FOREIGN[kind]


@pytest.mark.parametrize("command", JSON)
def test_a_file_that_cannot_be_written_is_refused(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    message = refused(JSON[command], [f"--json={tmp_path}/file/results.json"], monkeypatch, capsys)
    assert f"nothing can be written in the folder {tmp_path}/file: " in message
    assert f"{tmp_path} cannot be read: Is a directory" in refused(
        JSON[command], [f"--json={tmp_path}"], monkeypatch, capsys
    )


@pytest.mark.parametrize("place", ["/proc/runs", "file/runs", "file"])
@pytest.mark.parametrize("command", FOLDERS)
def test_a_folder_that_cannot_be_written_in_is_refused(
    command: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    main, arguments = FOLDERS[command]
    folder = tmp_path / place  # an absolute place stays what it is
    message = refused(main, [*arguments, f"{command.split()[1]}={folder}"], monkeypatch, capsys)
    assert f"nothing can be written in the folder {folder}: " in message


def test_the_committed_results_are_taken_for_their_own_commands_and_no_other() -> None:
    kinds = {
        "rmse_table": is_table,
        "table1": is_table1,
        "speed": speed.is_speed,
        "serving_load": serving_load.is_load,
    }
    for name in kinds:
        content = json.loads((RESULTS / f"{name}.json").read_text())
        for other, is_ours in kinds.items():
            try:
                taken = is_ours(content)
            except (LookupError, TypeError, AttributeError):
                taken = False
            assert taken is (name == other), f"{name}.json for {other}"


def test_a_full_disk_is_found_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(dir: Path) -> BinaryIO:
        return Path("/dev/full").open("wb")  # every write to it fails as on a full disk

    monkeypatch.setattr("recsys.results.paths.tempfile.TemporaryFile", full)
    assert "No space left on device" in refused(table1.main, [f"--runs={tmp_path}"], monkeypatch, capsys)
