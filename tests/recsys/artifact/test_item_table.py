"""What an artefact says of its items: any columns, some of which are known by name, or none at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from data.ratings import Ratings, RatingScale
from recsys import artifact
from recsys.artifact import ArtifactError, ItemTable, Value
from recsys.command.fit.export import item_table
from tests.recsys.artifact.small_artefact import ITEMS, arrays, manifest

EVERY_KIND: dict[str, tuple[Value, ...]] = {
    "director": ("Ōshima", None),
    "price": (3.5, 4),
    "tags": (("a", "b"), ()),
    "new": (True, None),
}


def saved(folder: Path, items: ItemTable) -> Path:
    return artifact.save(folder, manifest(), arrays(), items)


@pytest.mark.parametrize(
    "table", [ITEMS, ItemTable(), ItemTable(("a", None)), ItemTable(attributes=EVERY_KIND), ItemTable(years=(1, None))]
)
def test_a_table_of_any_columns_comes_back_as_it_was(tmp_path: Path, table: ItemTable) -> None:
    assert artifact.load(saved(tmp_path, table)).items == table


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (ItemTable(("a",)), "title describes 1 items"),
        (ItemTable(attributes={"price": (1,)}), "price describes 1 items"),
        (ItemTable(attributes={"title": ("a", "b")}), "title is no attribute"),
        (ItemTable(attributes={"price": (1.0, float("nan"))}), "item table cannot be written"),
        (ItemTable(("a", "\ud800")), "item table cannot be written"),
        (ItemTable(attributes={"when": (1, pd.Timestamp(0))}), "item table cannot be written"),  # type: ignore[dict-item]
    ],
)
def test_a_table_that_could_not_be_loaded_again_is_not_written(tmp_path: Path, table: ItemTable, said: str) -> None:
    with pytest.raises(ArtifactError, match=said):
        saved(tmp_path, table)
    assert not list(tmp_path.glob("*/model.safetensors"))


def test_the_table_of_format_3_has_the_names_of_then() -> None:
    old = {"titles": ["a", "b"], "years": [1999, None], "genres": [["Drama"], []]}
    read = ItemTable.from_json(json.dumps(old).encode(), 3)
    assert read == ItemTable(("a", "b"), (1999, None), (("Drama",), ()))
    wrong: object
    for wrong in ({"title": ["a", "b"]}, {**old, "more": [1, 2]}, {"titles": ["a"]}, []):
        with pytest.raises(ValueError, match="the columns titles, years, genres are needed"):
            ItemTable.from_json(json.dumps(wrong).encode(), 3)


def exported(columns: dict[str, object]) -> ItemTable:
    """What is exported of the table of two items."""
    pair = np.array([0, 1])
    ratings = Ratings(
        "test", pair, pair, np.ones(2, np.float32), None, pair, pair, RatingScale(1, 5, 1),
        pd.DataFrame(index=pair), pd.DataFrame(columns, index=pair), "", "",
    )  # fmt: skip
    return item_table(ratings)


def test_the_columns_of_a_data_set_are_exported_as_plain_values(tmp_path: Path) -> None:
    table = exported(
        {
            "title": ["a", None],
            "year": pd.array([1999, None], "Int64"),
            "genres": [("Drama", "War"), ()],
            "price": np.array([1.5, np.nan]),
            "pages": np.array([300, 20], np.int32),
            "sold_out": [True, False],
            "tags": [["x", "y"], np.array(["z"])],
            "released": pd.to_datetime(pd.Series(["2001-02-03", None], index=[0, 1])),
            "most": [float("inf"), 1.0],
            "kind": pd.Categorical(["book", "film"]),
        }
    )
    expected = ItemTable(
        ("a", None),
        (1999, None),
        (("Drama", "War"), ()),
        {
            "price": (1.5, None),
            "pages": (300, 20),
            "sold_out": (True, False),
            "tags": (("x", "y"), ("z",)),
            "released": ("2001-02-03 00:00:00", None),
            "most": ("inf", 1.0),
            "kind": ("book", "film"),
        },
    )
    assert table == expected
    assert artifact.load(saved(tmp_path, table)).items == expected


def test_a_data_set_that_says_nothing_of_items_has_an_empty_table() -> None:
    assert exported({}) == ItemTable()
