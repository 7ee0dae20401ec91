"""The optimisers of the experiments: torch.optim's own, with a learning rate for each member of a batch.

A torch optimiser has one learning rate for a whole tensor. All of those here move a parameter by the learning rate
times a step that depends on the gradients alone, so the step is taken at learning rate 1, on a tensor that starts at
zero, and scaled for each member afterwards. The decoupled weight decay of AdamW and Muon, W ← (1 − η·decay) W, is
applied here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam


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


_ADAM = ("amsgrad", "lr", "weight_decay", "decoupled_weight_decay", "eps", "maximize")  # options of its arithmetic


class BatchedOptimizer:
    """One of `OPTIMIZERS` on tensors (B, …) with learning rates (B,); torch's defaults but for `options`."""

    def __init__(self, name: str, parameters: Sequence[Tensor], options: Mapping[str, Any] | None = None) -> None:
        """Prepare for `parameters`, whose shapes count, not their values.

        Raises:
            ValueError: there is no optimiser of that name.
        """
        if name not in OPTIMIZERS:
            raise ValueError(f"no optimiser is called {name!r}; there are {', '.join(OPTIMIZERS)}")
        self.name = name
        self._kind = OPTIMIZERS[name]
        self._options = {**self._kind.arguments, **(options or {})}
        self._plain = self._kind.make is torch.optim.SGD and not self._options  # W ← W − η G, nothing to remember
        self._build([torch.zeros_like(parameter) for parameter in parameters])

    def _build(self, moves: list[Tensor]) -> None:
        self._moves = moves  # each (B, …): the step at learning rate 1
        self._leaves = [leaf for move in moves for leaf in (move.unbind() if self._kind.matrices else [move])]
        fused = {"fused": True} if self._kind.fused else {}
        self._torch = self._kind.make(self._leaves, lr=1.0, **self._options, **fused)

    @torch.no_grad()
    def step(self, parameters: Sequence[Tensor], gradients: Sequence[Tensor], rates: Tensor) -> None:
        """Move the parameters, each (B, …), in place."""
        if self._plain:
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.addcmul_(gradient, _like(rates, parameter), value=-1)
            return
        parts = [part for g in gradients for part in (g.unbind() if self._kind.matrices else [g])]
        for leaf, part in zip(self._leaves, parts, strict=True):
            leaf.zero_()
            leaf.grad = part
        self._advance()
        for parameter, move in zip(parameters, self._moves, strict=True):
            rate = _like(rates, parameter)
            if self._kind.decay:
                parameter.mul_(1 - rate * self._kind.decay)
            parameter.addcmul_(move, rate)

    def _advance(self) -> None:
        """One step of torch's optimiser; of its Adam, the arithmetic alone."""
        (group,) = self._torch.param_groups
        states = self.state()
        if "exp_avg_sq" not in states[0] or self._kind.make not in (torch.optim.Adam, torch.optim.AdamW):
            self._torch.step()
            return
        beta1, beta2 = group["betas"]
        adam(
            params=self._leaves,
            grads=[leaf.grad for leaf in self._leaves if leaf.grad is not None],
            exp_avgs=[state["exp_avg"] for state in states],
            exp_avg_sqs=[state["exp_avg_sq"] for state in states],
            max_exp_avg_sqs=[state["max_exp_avg_sq"] for state in states if group["amsgrad"]],
            state_steps=[state["step"] for state in states],
            fused=True,
            beta1=beta1,
            beta2=beta2,
            **{name: group[name] for name in _ADAM},
        )

    def keep(self, members: Tensor) -> None:
        """Go on with these members of the batch, given by their indices, alone."""
        state, size = self.state(), len(self._moves[0])
        if self._kind.matrices:
            starts = range(0, len(state), size)  # one for each layer
            state = [state[start + int(member)] for start in starts for member in members]
        else:
            state = [
                {
                    key: value[members] if isinstance(value, Tensor) and value.ndim else value
                    for key, value in of.items()
                }
                for of in state
            ]
        self._build([move[members] for move in self._moves])
        self.set_state(state)

    def state(self) -> list[dict[str, Any]]:
        """Moments and step counts, for a checkpoint."""
        return [self._torch.state[leaf] for leaf in self._leaves]

    def set_state(self, state: list[dict[str, Any]]) -> None:
        """Go on from `state`, of a batch of the same size."""
        # Not through torch's load_state_dict, which would change the type of NAdam's running product.
        for leaf, values in zip(self._leaves, state, strict=True):
            self._torch.state[leaf] = values


def _like(rates: Tensor, parameter: Tensor) -> Tensor:
    return rates.reshape(-1, *[1] * (parameter.ndim - 1))
