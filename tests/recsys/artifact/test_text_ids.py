"""Artefacts whose users or items have text as ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recsys import artifact
from tests.recsys.artifact.small_artefact import ITEM_IDS, ITEMS, USER_IDS, arrays, manifest, with_text_ids

ODD = ["", "007", "a,b"]  # ascending, as the users of the artefact are
BOTH, USERS, ITEMS_ALONE = (ODD, ["x", "ü"]), (ODD, None), (None, ["x", "ü"])


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize(("users", "items"), [BOTH, USERS, ITEMS_ALONE])
def test_either_side_may_have_text_and_predicts_what_whole_numbers_do(
    tmp_path: Path, users: list[str] | None, items: list[str] | None, shared: bool
) -> None:
    saved = artifact.save(tmp_path, manifest(), with_text_ids(arrays(), users, items), ITEMS)
    model = artifact.load(saved, share=tmp_path / "share" if shared else None)
    numbered = artifact.load(artifact.save(tmp_path, manifest(), arrays(), ITEMS))
    assert model.user_ids.tolist() == (users or USER_IDS.tolist())
    assert model.item_ids.tolist() == (items or ITEM_IDS.tolist())
    unknown = "nobody" if users else 99
    asked = [*model.user_ids.tolist(), unknown], [*model.item_ids.tolist(), *model.item_ids.tolist()]
    predicted = model.predict(*asked)
    expected = numbered.predict([*USER_IDS, 99], [*ITEM_IDS, *ITEM_IDS])
    assert np.array_equal(predicted.ratings, expected.ratings)
    assert np.array_equal(predicted.sources, expected.sources)


def test_the_only_id_may_be_empty(tmp_path: Path) -> None:
    ratings = {"rating_users": np.zeros(2, np.int32), "rating_items": np.array([0, 1], np.int32)}
    values = {"rating_values": np.ones(2, np.float32), "user_means": np.zeros(1, np.float32)}
    one_user = arrays() | ratings | values | {"matrix": np.ones((1, 2), np.float32)}
    saved = artifact.save(tmp_path, manifest(), with_text_ids(one_user, users=[""]), ITEMS)
    for model in (artifact.load(saved), artifact.load(saved, share=tmp_path / "share")):
        assert model.user_ids.tolist() == [""]
        assert model.predict([""], [10]).sources.tolist() == [0]


def test_an_id_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    model = artifact.load(artifact.save(tmp_path, manifest(), with_text_ids(arrays(), users=ODD), ITEMS))
    with pytest.raises(TypeError, match="ids are text"):
        model.predict([7], [10])
    with pytest.raises(TypeError, match="ids are whole numbers"):
        model.predict(["007"], ["10"])


def test_text_is_mapped_from_the_copy_that_processes_share(tmp_path: Path) -> None:
    saved = artifact.save(tmp_path, manifest(), with_text_ids(arrays(), *BOTH), ITEMS)
    model = artifact.load(saved, share=tmp_path / "share")
    assert isinstance(model.user_ids, artifact.StringIds)
    for part in ("offsets", "text", "hashes", "by_hash"):
        mapped = getattr(model.user_ids, part)
        assert mapped is model.arrays[f"user_id_{part}"]
        assert not mapped.flags.writeable
        assert mapped.flags.aligned
