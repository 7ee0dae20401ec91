"""The lines of the table: every row of the paper is there, with its figure."""

from __future__ import annotations

import pytest

from benchmarks.peers import PEERS
from benchmarks.rmse_table.runs import SPLITS, recipe
from benchmarks.rmse_table.table2 import LINES, NEAR_ZERO, PUBLISHED
from recsys.command.paper import paper_rmse


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


@pytest.mark.parametrize("split", SPLITS)
def test_a_fit_of_one_of_our_lines_prints_the_figure_of_the_line(split: str) -> None:
    for line in LINES:
        if line.ours:
            assert paper_rmse("100k", recipe(line.model)[0].stem, split) == line.published.get(split)


def test_a_start_near_zero_has_its_own_configuration_or_that_of_the_other_start() -> None:
    own, nothing = recipe(f"lnn-adam-ratio{NEAR_ZERO}")
    assert own.name == "lnn-adam-ratio-near-zero.yaml"
    assert nothing == []
    other, start = recipe(f"lnn-gd{NEAR_ZERO}")
    assert other.name == "lnn-gd.yaml"
    assert start[0] == "--model.init_args.start=NearZero"
