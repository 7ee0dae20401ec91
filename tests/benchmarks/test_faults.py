"""Short forms of the campaign of faults, and that it sees what it looks for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.document import faults as document
from benchmarks.faults import disks, flips, kills, servers, traffic, work
from benchmarks.faults.__main__ import with_earlier
from benchmarks.faults.course import Course
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.processes import eventually, run, started
from benchmarks.faults.ratings import kills as rating_kills
from benchmarks.faults.ratings.load import Pair, Rater, Rating
from benchmarks.faults.ratings.postgresql import programs
from data.movielens import Ratings
from recsys import artifact
from tests.serving import films

SEED = 3  # of the random moments; any other will do


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(SEED)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small artefact."""
    saved = artifact.save(
        tmp_path / "source", films.manifest("UserItemEmbedding"), films.arrays("UserItemEmbedding"), films.ITEMS
    )
    return saved.parent / "latest"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "place"
    folder.mkdir()
    return folder


def check(outcome: Outcome, moments: int) -> None:
    assert outcome.is_clean, outcome.problems
    assert outcome.moments >= moments


def test_changed_bytes_of_an_artefact_are_refused(rng: np.random.Generator, place: Path, source: Path) -> None:
    check(flips.of_artefacts(300, rng, place, source), 300)


@pytest.mark.slow
def test_killed_exports_leave_whole_artefacts(rng: np.random.Generator, place: Path, source: Path) -> None:
    check(kills.of_exports(8, rng, place, source), 1)


def test_requests_of_every_kind_are_no_server_errors(place: Path, source: Path) -> None:
    check(traffic.structured(600, SEED, place, source), 600)
    check(traffic.raw(300, SEED, place, source), 300)


@pytest.mark.slow
def test_models_change_under_full_load_without_a_failed_or_wrong_answer(place: Path, source: Path) -> None:
    check(servers.at_saturation(2, 0.5, place, source), 100)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "count"), [(servers.during_reloads, 6), (servers.of_workers, 3), (servers.of_servers, 2)]
)
def test_killed_exporters_workers_and_servers_cost_nothing_but_what_they_were_doing(
    fault: Callable[[int, np.random.Generator, Path, Path], Outcome],
    count: int,
    rng: np.random.Generator,
    place: Path,
    source: Path,
) -> None:
    check(fault(count, rng, place, source), 1)


@pytest.mark.slow
def test_ratings_that_were_acknowledged_survive_killed_servers(
    rng: np.random.Generator, place: Path, source: Path
) -> None:
    check(rating_kills.of_servers(2, rng, place, source), 2)


@pytest.mark.slow
@pytest.mark.skipif(programs() is None and not os.environ.get("CI"), reason="PostgreSQL is not installed")
def test_ratings_that_were_acknowledged_survive_a_killed_database(
    rng: np.random.Generator, place: Path, source: Path
) -> None:
    check(rating_kills.of_databases(2, rng, place, source), 2)


def write_checkpoints(seconds: float) -> None:
    """As a fit of four epochs would, each of so many seconds."""
    folder = Path("checkpoints/run")
    folder.mkdir(parents=True)
    for epoch in range(4):
        time.sleep(seconds)
        (folder / f"{epoch}.ckpt").touch()
    time.sleep(seconds)


def writing(seconds: float, folder: Path) -> ForkServerProcess:
    """A process whose imports are done, so that what it takes is the time of its epochs."""
    folder.mkdir()
    process = started(write_checkpoints, seconds, folder=folder)
    assert eventually((folder / "checkpoints/run").exists)
    return process


@pytest.mark.slow
def test_a_moment_of_a_fit_is_found_again_in_a_slower_one(place: Path) -> None:
    course = Course(writing(0.2, place / "whole"), place / "whole")
    slower = writing(1.0, place / "slower")
    assert course.wait(slower, place / "slower", 0.5)
    slower.kill()
    assert len(list(place.glob("slower/checkpoints/run/*.ckpt"))) in (2, 3)  # none after half the time of the other


@pytest.mark.slow
def test_killed_downloads_and_fits_go_on(rng: np.random.Generator, place: Path, movielens_100k: Ratings) -> None:
    for fault in (kills.of_downloads, kills.of_fits):
        folder = place / fault.__name__
        folder.mkdir()
        check(fault(2, rng, folder), 1)


@pytest.mark.slow
def test_changed_bytes_of_a_checkpoint_are_refused(
    rng: np.random.Generator, place: Path, movielens_100k: Ratings
) -> None:
    assert run(work.fit, *kills.FIT, folder=place) == 0
    (checkpoint,) = place.glob("checkpoints/*/refit.ckpt")
    folder = place / "flips"
    folder.mkdir()
    check(flips.of_checkpoints(200, rng, folder, checkpoint), 200)


@pytest.mark.slow
@pytest.mark.skipif(not disks.may_mount(), reason="filling a disk needs the right to mount a small one")
def test_full_and_read_only_disks_have_a_message_and_lose_nothing(
    rng: np.random.Generator, place: Path, source: Path, movielens_100k: Ratings
) -> None:
    for fault in (disks.of_fits, disks.read_only):
        folder = place / fault.__name__
        folder.mkdir()
        check(fault(2, rng, folder), 2)
    check(disks.of_exports(4, rng, place, source), 4)


def test_the_campaign_sees_an_artefact_that_is_not_whole(source: Path) -> None:
    outcome = Outcome("a fault")
    kills.check_artefacts(source.parent, outcome)
    assert outcome.is_clean
    (source / artifact.MODEL_FILE).write_bytes(b"")
    kills.check_artefacts(source.parent, outcome)
    assert (outcome.corrupt, outcome.is_clean) == (2, False)  # by its name, and as the latest
    kills.check_same(source, {}, outcome)
    assert outcome.corrupt == 3


def test_the_campaign_sees_numbers_that_differ(source: Path) -> None:
    outcome = Outcome("a fault")
    arrays = artifact.load(source).arrays
    kills.check_same(source, arrays, outcome)
    assert outcome.is_clean
    kills.check_same(source, {**arrays, "item_means": arrays["item_means"] + np.float32(1e-6)}, outcome)
    assert outcome.wrong == 1


def test_the_campaign_sees_ratings_that_are_lost_or_were_never_put() -> None:
    def counted(stored: dict[Pair, Rating]) -> tuple[int, int]:
        outcome = Outcome("a fault")
        rater = Rater(1, 0, acknowledged={(1, 2): Rating(4, 10)}, unsure={(1, 2): [Rating(5, 11)], (1, 3): []})
        rater.check(stored, outcome)
        return outcome.wrong, outcome.corrupt

    assert counted({(1, 2): Rating(4, 10)}) == counted({(1, 2): Rating(5, 11)}) == (0, 0)
    assert counted({}) == counted({(1, 2): Rating(4, 9)}) == (1, 0)
    assert counted({(1, 2): Rating(4, 10), (1, 3): Rating(1, 1)}) == (0, 1)


def test_a_part_of_the_campaign_leaves_what_the_file_holds_of_others(tmp_path: Path) -> None:
    rows = [asdict(Outcome("one", moments=1)), asdict(Outcome("two", moments=2))]
    file = tmp_path / "faults.json"
    whole = with_earlier(file, {"commit": "a", "threads": 2, "outcomes": rows})
    assert whole == {"commit": "a", "threads": 2, "outcomes": [{**row, "commit": "a"} for row in rows]}
    file.write_text(json.dumps(whole))
    part = {"commit": "b", "threads": 1, "outcomes": [asdict(Outcome("one", moments=3))]}
    after = with_earlier(file, part)
    assert (after["commit"], after["threads"]) == ("a", 2)
    assert [(row["fault"], row["moments"], row["commit"]) for row in after["outcomes"]] == [
        ("one", 3, "b"), ("two", 2, "a"),
    ]  # fmt: skip


def test_every_outcome_has_a_row_in_the_document() -> None:
    outcomes = [asdict(Outcome("a fault", moments=1234, wrong=2))]
    drawn = document.faults({"outcomes": outcomes, "threads": 2, "processor": "processor", "torch": "2"})
    assert "| a fault | 1,234 | 0 | 2 | 0 | 0 |" in drawn
