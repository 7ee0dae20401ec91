"""Random numbers depend on what they are for, and not on who draws how many of them."""

from __future__ import annotations

import pytest
import torch

from recsys.posterior.streams import Purpose, Streams
from recsys.share import Share


def test_a_row_has_the_same_numbers_however_many_rows_there_are() -> None:
    some, more = (Streams(5).normals(3, Purpose.USERS, Share.whole(n), 4) for n in (5000, 9000))
    assert torch.equal(some[:4096], more[:4096]), "of whole blocks"
    some, more = (Streams(5).gammas(3, Purpose.NOISE, Share.whole(n), torch.full((n,), 2.5)) for n in (4096, 9000))
    assert torch.equal(some, more[:4096])


def test_another_seed_sweep_purpose_or_block_has_other_numbers() -> None:
    drawn = [
        Streams(seed).normals(sweep, purpose, Share.whole(8192), 3)[block]
        for seed, sweep, purpose, block in (
            (1, 2, Purpose.USERS, slice(4096)),
            (2, 2, Purpose.USERS, slice(4096)),
            (1, 3, Purpose.USERS, slice(4096)),
            (1, 2, Purpose.ITEMS, slice(4096)),
            (1, 2, Purpose.USERS, slice(4096, None)),
        )
    ]
    assert torch.equal(drawn[0], Streams(1).normals(2, Purpose.USERS, Share.whole(4096), 3))
    correlations = torch.corrcoef(torch.stack([each.flatten() for each in drawn]))
    assert float((correlations - torch.eye(5)).abs().max()) < 0.05
    shared = [float(torch.rand((), generator=Streams(1).shared(sweep))) for sweep in (0, 1, 0)]
    assert shared[0] == shared[2] != shared[1]


def test_numbers_have_their_distributions() -> None:
    normals = Streams(0).normals(0, Purpose.USERS, Share.whole(20_000), 5)
    assert float(normals.mean()) == pytest.approx(0, abs=0.02)
    assert float(normals.var()) == pytest.approx(1, abs=0.02)
    gammas = Streams(0).gammas(0, Purpose.NOISE, Share.whole(100_000), torch.full((100_000,), 3.0))
    assert float(gammas.mean()) == pytest.approx(3, abs=0.03)
    assert float(gammas.var()) == pytest.approx(3, rel=0.05)
