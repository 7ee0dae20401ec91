"""What two processes compute from the rows of each is what one computes from all of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import recsys.share
from data.datamodules import Batch, PreparedDataModule, TableDataModule
from data.prepared import prepare
from data.sorted_ratings import BothOrders, both_orders
from recsys.features import Known, WhoRatedWhat
from recsys.linalg.leading import qr, truncated_product
from recsys.linalg.spectral import product_singular_values
from recsys.models import UserItemEmbedding
from recsys.penalties import RatioPenalty
from recsys.posterior.likelihoods import GaussianRatings
from recsys.posterior.sampler import GibbsSampler, TrainingRatings
from recsys.posterior.summary import Posterior
from recsys.relevance import learned
from recsys.share import Share
from recsys.starts import DampedMeans
from tests.recsys.processes.members import in_two
from tests.recsys.small_ratings import N_ITEMS, N_USERS, SmallRatings

CUT = 13  # users of the first of two processes
SWEEPS = 6
DIVISION: dict[str, Any] = {"split": "0.8", "validation": 0.2}


def own(place: int) -> slice:
    """Users of a process; all of them for none."""
    return {0: slice(0, CUT), 1: slice(CUT, N_USERS)}.get(place, slice(0, N_USERS))


def training(place: int) -> tuple[Tensor, Tensor, Tensor]:
    users, items, ratings = SmallRatings().training_set()
    kept = (users >= own(place).start) & (users < own(place).stop)
    return users[kept] - own(place).start, items[kept], ratings[kept]


def orders(place: int) -> BothOrders:
    users, items, ratings = (part.numpy() for part in training(place))
    return both_orders(users, items, ratings, own(place).stop - own(place).start, N_ITEMS)


def decompositions(place: int) -> dict[str, Tensor]:
    torch.manual_seed(0)
    left, right = torch.randn(N_USERS, 7, dtype=torch.float64), torch.randn(N_ITEMS, 7, dtype=torch.float64)
    left = left[own(place)].requires_grad_()
    share = Share.joined(len(left))
    basis, triangle = qr(left.detach(), share)
    factor, to_other = truncated_product(left.detach(), right, 4, share)
    penalty = RatioPenalty(1.0).of_rows(left, share)
    penalty.backward()  # type: ignore[no-untyped-call]
    assert left.grad is not None
    known = Known(orders(place), None)  # type: ignore[arg-type]  # of a table, which is not asked for
    features = WhoRatedWhat().of_users(known), WhoRatedWhat().of_items(known)
    assert features[0] is not None and features[1] is not None
    users = {"Q": basis, "factor": factor, "gradient": left.grad, "features": features[0]}
    values = product_singular_values(left.detach(), right, share)
    items = {
        "R": triangle,
        "other": right @ to_other,
        "values": values,
        "penalty": penalty.detach(),
        "of items": features[1],
    }
    directions, gains, scales, average = (
        torch.from_numpy(each) for each in learned(orders(place), (1.0, 5.0)).values()
    )
    items |= {"filter": directions * gains @ directions.T * scales, "average choices": average @ directions.T}
    return {**{name: share.gather(rows) for name, rows in users.items()}, **items}


def draws(place: int) -> dict[str, Any]:
    sampler = GibbsSampler(TrainingRatings(orders(place)), GaussianRatings(), 3, seed=5)
    generator = torch.Generator().manual_seed(1)
    users, items = (torch.randn(n, 4, generator=generator) / 3 for n in (N_USERS, N_ITEMS))
    sampler.start(users[own(place)], items)
    squares = [sampler.sweep() for _ in range(SWEEPS)]
    for _ in range(9):  # one more than are averaged at a time
        sampler.sweep()
        sampler.average()
    return {"squares": squares, "sampler": sampler.state(), "posterior": sampler.posterior.state()}


def losses(place: int) -> tuple[list[float], Tensor]:
    torch.manual_seed(2)
    users, items, ratings = training(place)
    of = own(place)
    model = UserItemEmbedding(of.stop - of.start, N_ITEMS, dimension=4, user_penalty=RatioPenalty(0.1),
                              item_penalty=RatioPenalty(0.1), start=DampedMeans(scale=0.3))  # fmt: skip
    model.share = Share.joined(model.n_users)
    model.initialise(users, items, ratings)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    found = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = model.squared_error((users, items, ratings)) + model.penalty()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        found.append(float(loss.detach()))
    return found, model.item_factors.detach()


def shared_out(folder: Path, place: int) -> list[tuple[range, Batch, BothOrders, list[Batch]]]:
    """Of ratings in memory and of prepared ones: users, training ratings, their orders, and other batches."""
    found = []
    for data in (
        TableDataModule(folder / "ratings.csv", **DIVISION),
        PreparedDataModule(folder / "prepared", **DIVISION),
    ):
        batches = [batch for loader in (*data.val_dataloader(), data.test_dataloader()) for batch in loader]
        found.append((data.users, data.training_set(), data.sorted_training_set(), batches))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ratings of nine users, each of whom has one more than the one before, in a table and prepared."""
    folder = tmp_path_factory.mktemp("members")
    users, items = np.tril_indices(9)
    rows = (f"{user},{item},{1 + (user * item) % 5}" for user, item in zip(users, items, strict=True))
    (folder / "ratings.csv").write_text("\n".join(["user,item,rating", *rows]) + "\n")
    prepare(folder / "ratings.csv", folder / "prepared")
    return folder


@pytest.fixture(scope="module")
def of_two(folder: Path) -> list[Any]:
    return in_two(partial(_all, (decompositions, draws, losses, partial(shared_out, folder))), folder)


def _all(works: tuple[Any, ...], place: int) -> list[Any]:
    recsys.share._SENT = 64  # so that rows are sent in several blocks
    return [work(place) for work in works]


def close(found: Any, expected: Any, tolerance: float) -> None:
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


def test_decompositions_features_and_penalties_are_those_of_all_rows(of_two: list[Any]) -> None:
    expected = decompositions(-1)
    for found, *_ in of_two:
        for name in expected:
            close(found[name], expected[name], 1e-5 if expected[name].dtype == torch.float32 else 1e-10)


def test_draws_are_those_of_one_process_but_for_rounding(of_two: list[Any]) -> None:
    (_, first, *_), (_, second, *_) = of_two
    expected = draws(-1)
    assert first["squares"] == second["squares"]
    close(first["squares"], expected["squares"], 1e-5)
    assert torch.equal(first["sampler"]["items"], second["sampler"]["items"])
    for name in ("users", "items", "precisions", "user_prior"):
        close(first["sampler"][name], expected["sampler"][name], 1e-3)
    found, means = (Posterior.of_state(each["posterior"], Share.whole(N_USERS)).factors() for each in (first, expected))
    close(found[0] @ found[1].T, means[0] @ means[1].T, 1e-3)


def test_losses_are_those_of_one_process(of_two: list[Any]) -> None:
    expected, item_factors = losses(-1)
    for _, _, (found, of_items), _ in of_two:
        assert found == pytest.approx(expected, rel=1e-6)
        close(of_items, item_factors, 1e-4)


def test_users_are_shared_out_with_all_of_their_ratings(of_two: list[Any], folder: Path) -> None:
    in_memory, _ = shared_out(folder, -1)
    for *_, shares in of_two:
        one, other = shares
        users, (u, i, _), orders_of_users, batches = one
        assert users == other[0]
        assert 10 <= len(u) < 20, "about half of the training ratings"
        every, kept = in_memory[1], (in_memory[1][0] >= users.start) & (in_memory[1][0] < users.stop)
        assert torch.equal(torch.stack([u + users.start, i]), torch.stack(every[:2])[:, kept])
        for found, expected in zip(other[2], orders_of_users, strict=True):
            for name in ("starts", "others", "values"):
                np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        assert all(0 <= int(batch[0].min()) <= int(batch[0].max()) < len(users) for batch in batches if len(batch[0]))
    shared = sum(len(batch[0]) for *_, shares in of_two for batch in shares[0][3])
    assert shared == sum(len(batch[0]) for batch in in_memory[3])
    assert [*of_two[0][3][0][0], *of_two[1][3][0][0]] == [*range(9)]
