"""Rows of results files are replaced, added, ordered and marked."""

from __future__ import annotations

from typing import Any

from recsys.results.rows import with_row

NAMES = ("model", "split")
ORDER = [("ours", "0.9"), ("theirs", "0.9"), ("ours", "0.8")]


def row(model: str, split: str, fingerprint: str, value: float) -> dict[str, Any]:
    return {"model": model, "split": split, "fingerprint": fingerprint, "value": value}


def merged(content: dict[str, Any], added: dict[str, Any]) -> dict[str, Any]:
    return with_row(content, added, NAMES, ORDER, lambda model, split: f"{model} {split}")


def test_a_row_takes_the_place_of_that_of_the_same_pair_and_others_stay_in_the_tables_order() -> None:
    content = merged({}, row("ours", "0.8", "ours 0.8", 1))
    content = merged(content, row("ours", "0.9", "ours 0.9", 2))
    content = merged(content, row("ours", "0.8", "ours 0.8", 3))
    assert [(each["split"], each["value"]) for each in content["rows"]] == [("0.9", 2), ("0.8", 3)]
    assert content["torch"]


def test_rows_say_whether_they_were_measured_with_other_code() -> None:
    content = merged({}, row("theirs", "0.9", "of before", 1))
    content = merged(content, row("ours", "0.9", "ours 0.9", 2))
    assert [each["of_earlier_code"] for each in content["rows"]] == [False, True]
    del content["rows"][0]["fingerprint"]  # a file of before there were any
    content = merged(content, row("theirs", "0.9", "theirs 0.9", 3))
    assert [each["of_earlier_code"] for each in content["rows"]] == [True, False]


def test_rows_that_the_table_does_not_know_are_left_out() -> None:
    assert merged({"rows": [row("gone", "0.9", "", 1)]}, row("ours", "0.9", "", 2))["rows"][0]["model"] == "ours"
