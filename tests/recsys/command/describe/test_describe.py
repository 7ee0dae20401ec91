"""`recsys describe`: text on the terminal, a picture, JSON."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from data.movielens import Ratings
from recsys.command.main import main
from tests.recsys.command.answers.without_torch import without_torch

PLAYS = """\
listener,track,loves,when
ann,a,1,2024-01-01
ann,b,2,2024-01-02
bob,a,4,2024-01-03
bob,a,5,2024-02-01
"""
NAMED = ("--columns.user", "listener", "--columns.item", "track", "--columns.rating", "loves", "--columns.time", "when")


@pytest.fixture
def plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plays.csv"
    path.write_text(PLAYS)
    return path


def test_a_table_is_described_where_there_is_no_torch(plays: Path) -> None:
    done = without_torch("describe", plays, *NAMED, "--json", "plays.json", folder=plays.parent)
    assert done.returncode == 0, done.stderr
    for line in (
        "ratings                3", "users                  2", "duplicates             1", "2024-01-01 … 2024-02-01",
        "scale       1, 2, ... 5",
    ):  # fmt: skip
        assert line in done.stdout
    assert "user is listener" in done.stderr
    said = json.loads((plays.parent / "plays.json").read_text())
    assert (said["ratings"], said["users"], said["items"], said["duplicates"]) == (3, 2, 2, 1)
    assert said["density"] == 0.75


def test_options_of_a_fit_mean_the_same(plays: Path, capsys: pytest.CaptureFixture[str]) -> None:
    named = [option.replace("--columns", "--data.columns") for option in NAMED]
    main(["describe", str(plays), *named, "--data.scale", "0,10,1", "--data.duplicates", "first"])
    printed = capsys.readouterr().out
    assert "scale       0, 1, ... 10" in printed
    assert "mean               2.333" in printed


def test_a_movielens_data_set_is_described_by_its_name(
    movielens_100k: Ratings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["describe", "100k"])
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].startswith("100k")
    assert "density           6.305%" in printed
    assert max(len(line) for line in printed.splitlines()) <= 100


@pytest.mark.parametrize("name", ["d.png", "d.svg", "folder/d.pdf"])
def test_the_picture_is_drawn(plays: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["describe", str(plays), *NAMED, "--picture", name])
    assert f"{name} shows it." in capsys.readouterr().out
    written = plays.parent / name
    assert written.stat().st_size > 1000
    if name.endswith(".png"):
        pixels = imread(written)
        assert pixels.shape[:2] == (704, 1100)
        assert np.unique(pixels.reshape(-1, pixels.shape[-1]), axis=0).shape[0] > 10  # not all white


def test_a_picture_of_ratings_without_times_says_so(plays: Path) -> None:
    plays.write_text("user,item,rating\n1,1,1.25\n1,2,3.5\n2,1,2\n")
    main(["describe", str(plays), "--picture", "d.svg"])
    assert (plays.parent / "d.svg").read_text().startswith("<?xml")


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    assert stopped.value.code in (1, 2)
    printed = capsys.readouterr().err
    assert "Traceback" not in printed
    return printed


def test_what_cannot_be_described_is_one_clear_line(
    plays: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no file nothing.csv" in refused(capsys, "describe", "nothing.csv")
    assert "columns are listener, track, loves, when" in refused(capsys, "describe", plays)
    assert "bob rates item a again" in refused(capsys, "describe", plays, *NAMED, "--duplicates", "refuse")
    assert "the rating 4 is none of 0, 1, ... 2" in refused(capsys, "describe", plays, *NAMED, "--scale", "0,2")
    assert "d.jpeg is no picture; name one of .png" in refused(capsys, "describe", plays, "--picture", "d.jpeg")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    needed = refused(capsys, "describe", plays, *NAMED, "--picture", "d.png")
    assert "recsys: --picture needs matplotlib, which is not installed: pip install 'recsys[pictures]'." in needed
    assert not (plays.parent / "d.png").exists()
    assert not list(plays.parent.glob(".writing*"))


def test_a_terminal_that_has_no_blocks_gets_number_signs(plays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    main(["describe", str(plays), *NAMED])
    assert b"################" in written.getvalue()


def test_who_reads_the_beginning_alone_sees_no_error(plays: Path) -> None:
    command = f"{sys.executable} -c 'from recsys.command.main import main; main()' describe plays.csv {' '.join(NAMED)}"
    piped = f"{command} --picture plays.png | head -n 1"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4]), "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(piped, shell=True, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout == "plays.csv\n"
    assert "Broken pipe" not in done.stderr
    assert "Traceback" not in done.stderr
