"""The lines of the table: every row of the paper is there, with its figure."""

from __future__ import annotations

import pytest
import yaml

from benchmarks.peers import PEERS
from benchmarks.rmse_table.runs import recipe
from benchmarks.rmse_table.table2 import LINES, NEAR_ZERO, PUBLISHED, Line


def test_every_row_of_the_paper_has_one_line_that_can_be_measured() -> None:
    names = [line.paper_name for line in LINES if not line.model.endswith(NEAR_ZERO)]
    assert sorted(PUBLISHED) == sorted(name for name in names if name is not None)
    assert len({line.model for line in LINES}) == len(LINES)
    assert sum("0.9" in figures for figures in PUBLISHED.values()) == 17
    assert sum("0.8" in figures for figures in PUBLISHED.values()) == 15
    for line in LINES:
        assert line.ours != (line.model in PEERS), line.model


def test_published_figures_of_others_at_80_20_stand_beside_the_official_split_too() -> None:
    lines = {line.model: line for line in LINES}
    assert lines["gc-mc"].published == {"0.8": 0.910, "u1": 0.910}
    assert lines["fm"].published == {"0.9": 0.909}
    assert lines["lnn-adam-ratio"].published == {"0.9": 0.915, "0.8": 0.921}
    assert lines["svd"].published == {}


@pytest.mark.parametrize("line", [line for line in LINES if line.ours and line.paper_name], ids=lambda line: line.model)
def test_the_figures_of_our_lines_are_those_in_their_configurations(line: Line) -> None:
    assert line.published.keys() == {"0.9", "0.8"}
    for split in ("0.9", "0.8"):
        config = yaml.safe_load(recipe(line.model, split)[0].read_text())
        assert config["run"]["paper_rmse"] == line.published[split]


def test_a_start_near_zero_has_its_own_configuration_or_that_of_the_other_start() -> None:
    own, nothing = recipe(f"lnn-adam-ratio{NEAR_ZERO}", "u1")
    assert own.name == "lnn-adam-ratio-near-zero-80.yaml"
    assert nothing == []
    other, start = recipe(f"lnn-gd{NEAR_ZERO}", "0.9")
    assert other.name == "lnn-gd-90.yaml"
    assert start[0] == "--model.init_args.start=NearZero"
