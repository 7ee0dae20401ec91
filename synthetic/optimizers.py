"""The optimisers of the experiments: torch.optim's own, with a learning rate for each member of a batch.

A torch optimiser has one learning rate for a whole tensor. All of those here move a parameter by the learning rate
times a step that depends on the gradients alone, so the step is taken at learning rate 1, on a tensor that starts at
zero, and scaled for each member afterwards. The decoupled weight decay of AdamW and Muon, W ← (1 − η·decay) W, is
applied here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Kind:
    """A torch optimiser: how to make it, and what must be known to use it on a batch."""

    make: Callable[..., torch.optim.Optimizer]
    arguments: dict[str, Any]
    decay: float = 0.0  # decoupled weight decay
    fused: bool = False  # whether there is a kernel that makes one pass over memory
    matrices: bool = False  # whether it takes matrices alone, no batches of them


OPTIMIZERS: dict[str, Kind] = {
    "adam": Kind(torch.optim.Adam, {}, fused=True),
    "adagrad": Kind(torch.optim.Adagrad, {}, fused=True),
    "adamax": Kind(torch.optim.Adamax, {}),
    "rmsprop": Kind(torch.optim.RMSprop, {}),
    "gd": Kind(torch.optim.SGD, {}, fused=True),
    "adamw": Kind(torch.optim.AdamW, {"weight_decay": 0.0}, decay=0.01, fused=True),
    "nadam": Kind(torch.optim.NAdam, {}),
    "radam": Kind(torch.optim.RAdam, {}),
    "amsgrad": Kind(torch.optim.Adam, {"amsgrad": True}, fused=True),
    "muon": Kind(torch.optim.Muon, {"weight_decay": 0.0}, decay=0.1, matrices=True),
}


class BatchedOptimizer:
    """One of `OPTIMIZERS` on tensors (B, …) with learning rates (B,); torch's defaults for everything else."""

    def __init__(self, name: str, parameters: Sequence[Tensor]) -> None:
        """Prepare for `parameters`, whose shapes and devices count, not their values.

        Raises:
            ValueError: there is no optimiser of that name.
        """
        if name not in OPTIMIZERS:
            raise ValueError(f"no optimiser is called {name!r}; there are {', '.join(OPTIMIZERS)}")
        self.name = name
        self._kind = OPTIMIZERS[name]
        self._build([torch.zeros_like(parameter) for parameter in parameters])

    def _build(self, moves: list[Tensor]) -> None:
        self._moves = moves  # each (B, …): the step at learning rate 1
        self._leaves = [leaf for move in moves for leaf in (move.unbind() if self._kind.matrices else [move])]
        fused = {"fused": True} if self._kind.fused and moves[0].device.type in ("cpu", "cuda") else {}
        self._torch = self._kind.make(self._leaves, lr=1.0, **self._kind.arguments, **fused)

    @torch.no_grad()
    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], rates: Tensor) -> None:
        """Move the parameters, each (B, …), in place."""
        parts = [part for g in gradients for part in (g.unbind() if self._kind.matrices else [g])]
        for leaf, part in zip(self._leaves, parts, strict=True):
            leaf.zero_()
            leaf.grad = part
        self._torch.step()
        for parameter, move in zip(parameters, self._moves, strict=True):
            rate = rates.reshape(-1, *[1] * (parameter.ndim - 1))
            if self._kind.decay:
                parameter.mul_(1 - rate * self._kind.decay)
            parameter.addcmul_(move, rate)

    def keep(self, members: Tensor) -> None:
        """Go on with these members of the batch, given by their indices, alone."""
        size = len(self._moves[0])
        state = self._torch.state_dict()["state"]
        if self._kind.matrices:
            layers = len(self._moves)
            kept = [layer * size + int(member) for layer in range(layers) for member in members]
            state = {new: state[old] for new, old in enumerate(kept) if old in state}
        else:
            state = {
                place: {key: value[members] if _is_batch(value) else value for key, value in values.items()}
                for place, values in state.items()
            }
        self._build([move[members] for move in self._moves])
        self.load_state_dict(state)

    def state_dict(self) -> dict[Any, Any]:
        """Moments and step counts, for a checkpoint."""
        state: dict[Any, Any] = self._torch.state_dict()["state"]
        return state

    def load_state_dict(self, state: dict[Any, Any]) -> None:
        """Go on from `state`, of a batch of the same size."""
        self._torch.load_state_dict({**self._torch.state_dict(), "state": state})


def _is_batch(value: object) -> bool:
    return isinstance(value, Tensor) and value.ndim > 0
