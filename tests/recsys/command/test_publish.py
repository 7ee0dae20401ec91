"""`recsys publish`: an artefact that was checked becomes the latest, a newer one or an older one."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsys import artifact
from recsys.command.main import main
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest

METRICS = {"test_rmse": 0.8, "test_rmse_as_served": 0.9}


def test_an_older_artefact_takes_the_server_back_and_a_newer_one_forth(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older, newer = (artifact.save(tmp_path, manifest(metrics=METRICS), arrays(seed), ITEMS) for seed in (1, 2))
    for directory in (older, newer, tmp_path / "latest"):
        main(["publish", str(directory)])
        assert (tmp_path / "latest").resolve() == directory.resolve()
        version = artifact.read_manifest(directory).version
        assert (
            f"{tmp_path / 'latest'} is now version {version}: test, test RMSE 0.9000 as served, "
            in capsys.readouterr().out
        )
    assert not list(tmp_path.glob(".writing-*"))


@pytest.mark.parametrize("harm", ["cut", "changed", "unfinished", "none", "a file"])
def test_what_could_not_be_served_is_not_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: str
) -> None:
    other, published = (artifact.save(tmp_path, manifest(), arrays(seed), ITEMS) for seed in (1, 2))
    model = other / artifact.MODEL_FILE
    if harm == "cut":
        model.write_bytes(model.read_bytes()[:-1])
    elif harm == "changed":
        (other / artifact.MANIFEST_FILE).write_text("{}")
    elif harm == "unfinished":
        other = other.rename(tmp_path / ".writing-0")
    else:
        other = tmp_path / "nothing" if harm == "none" else model
    with pytest.raises(SystemExit) as stopped:
        main(["publish", str(other)])
    assert stopped.value.code == 1
    assert capsys.readouterr().err.startswith("recsys: ")
    assert (tmp_path / "latest").resolve() == published


def test_its_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["publish", "--help"])
    assert stopped.value.code == 0
    assert "let `latest`" in " ".join(capsys.readouterr().out.lower().split())
