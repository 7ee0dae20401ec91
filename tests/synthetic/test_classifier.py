"""The example of the penalty on a layer of a classifier finds the hidden space."""

from __future__ import annotations

import re

import pytest

from synthetic import classifier


def test_the_penalty_finds_the_rank_and_classifies_unseen_inputs_better(capsys: pytest.CaptureFixture[str]) -> None:
    classifier.main()
    printed = capsys.readouterr().out
    rows = re.findall(r"\| +([\d.]+) \| +([\d.]+) \| +([\d.]+)% \| +([\d.]+)% \|", printed)
    assert [float(row[0]) for row in rows] == list(classifier.STRENGTHS)
    ranks = {float(row[0]): float(row[1]) for row in rows}
    tested = [float(share) for share in re.findall(r"([\d.]+)% with", printed)]
    before, without = re.search(r"is ([\d.]+) before", printed), re.search(r"([\d.]+)% without", printed)
    chosen = re.search(r"accuracy, ([\d.]+);", printed)
    assert before and without and chosen
    assert float(before[1]) > 30 and ranks[0.0] > 20
    assert ranks[float(chosen[1])] == pytest.approx(classifier.HIDDEN_RANK, abs=1)
    assert tested[0] > float(without[1]) + 5
