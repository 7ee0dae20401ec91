"""Gradient training of linear networks on matrix completion problems, a whole batch at once.

Member b of a batch has its own observations, start, λ and learning rate; optimiser, depth and penalty are shared. Each
step decreases, over the whole batch (paper, equations 1 and 2),

    L(W) = mean over observed (i, j) of (W_ij − Y_ij)² + λ R(W),    W = W_N ⋯ W_1,

with gradients in closed form: G = ∂L/∂W = 2 M∘(W − Y) / |Ω| + λ U diag(∂R/∂σ) Vᵀ and, for layer j,
(W_N ⋯ W_{j+1})ᵀ G (W_{j−1} ⋯ W_1)ᵀ.

    problems = low_rank_problems(seeds=[0, 1, 2])
    run = Dynamics(
        problems.observations, problems.observed, seeds=[0, 1, 2], optimizer="adam", depth=1, penalty="ratio",
        strengths=torch.full((3,), 1e-4), learning_rates=torch.full((3,), 1e-3),
    )
    run.advance(10_000)  # call it again to go on; it may be interrupted by save() and load()
    problems.test_error(run.end_product), run.singular_values()

With an `Annealing`, λ and the learning rates fall during training; `keep` drops members (successive halving).
"""

from __future__ import annotations

import hashlib
import io
import itertools
import math
import pickle
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from recsys import freed_memory
from recsys.files import write_atomically
from recsys.linalg.product import product
from recsys.linalg.spectral import NonFiniteMatrixError, decompose, leading_singular_vectors, singular_values
from synthetic.annealing import Annealing
from synthetic.optimizers import BatchedOptimizer
from synthetic.penalties import PENALTIES

INITIAL_SCALE = 1e-3  # of the end product, as in the paper's experiments
LOOK_EVERY = 200  # steps between looks at what has converged or diverged
CONVERGED = 1e-9  # relative change of W over that many steps, in the Frobenius norm; rounding is about 1e-14
DIVERGED = 1e8  # root mean square entry, where the truth has 1
SAVE_EVERY_SECONDS = 20.0


class CheckpointError(Exception):
    """A checkpoint cannot be read, or is one of another run."""


class Dynamics:
    """A batch of B networks in training; see the module's text."""

    def __init__(
        self,
        observations: Tensor,
        observed: Tensor,
        *,
        seeds: Sequence[int],
        optimizer: str,
        depth: int,
        penalty: str,
        strengths: Tensor,
        learning_rates: Tensor,
        optimizer_options: Mapping[str, Any] | None = None,
        annealing: Annealing | None = None,
    ) -> None:
        """Set everything to its start.

        Args:
            observations: Y, (B, n, m); what stands in unobserved places does not matter.
            observed: M, (B, n, m), bool, with at least one true for each member.
            seeds: of the initial layers, B of them; layer j is N(0, s²), s = 1e-3^(1/N) / √max(n, m).
            optimizer: a name in `synthetic.optimizers.OPTIMIZERS`.
            depth: N; the inner dimensions are min(n, m).
            penalty: a name in `PENALTIES`.
            strengths: λ, (B,).
            learning_rates: (B,).
            optimizer_options: arguments of the torch optimiser in place of its defaults.
            annealing: how λ and the learning rates fall; they stay if none is given.

        Raises:
            ValueError: an argument is unknown, out of range, or does not fit the others.
        """
        if observations.ndim != 3 or observations.shape != observed.shape:
            raise ValueError(
                f"observations {tuple(observations.shape)} and observed {tuple(observed.shape)} must both be (B, n, m)"
            )
        size = len(observations)
        for name, given in (("seeds", seeds), ("strengths", strengths), ("learning_rates", learning_rates)):
            if len(given) != size:
                raise ValueError(f"{len(given)} {name} for a batch of {size}")
        if not bool((torch.isfinite(strengths) & (strengths >= 0)).all()):
            raise ValueError(f"every λ must be a finite number >= 0, not {strengths.tolist()}")
        if not bool((torch.isfinite(learning_rates) & (learning_rates > 0)).all()):
            raise ValueError(f"every learning rate must be a positive finite number, not {learning_rates.tolist()}")
        if penalty not in PENALTIES:
            raise ValueError(f"no penalty is called {penalty!r}; there are {', '.join(PENALTIES)}")
        if depth < 1:
            raise ValueError(f"a network has a depth of at least 1, not {depth}")
        self.depth, self.penalty, self.optimizer, self.annealing = depth, penalty, optimizer, annealing
        self.strengths = strengths.double().clone()
        self.learning_rates = learning_rates.double().clone()
        self._weights, self._offsets = _loss(observations, observed)
        shape = (observations.shape[-2], observations.shape[-1])
        drawn = [_initial_layers(seed, shape, depth) for seed in seeds]
        self.layers = [torch.stack(layer) for layer in zip(*drawn, strict=True)]  # W_1 first
        self._options = dict(optimizer_options or {})
        self._optimizer = BatchedOptimizer(optimizer, self.layers, self._options)
        self.steps = torch.zeros(size, dtype=torch.long)  # (B,) taken by each member
        self.converged = torch.zeros(size, dtype=torch.bool)  # (B,)
        self.diverged = torch.zeros(size, dtype=torch.bool)  # (B,); their end products are the last finite ones seen
        self.running = torch.arange(size)  # members that still train, which layers and optimiser hold, and they alone
        self._fingerprint = _fingerprint(self)
        self._saved_at = time.monotonic()
        self._seen = product(self.layers).clone()  # (B, n, m) end products when last looked at

    @property
    def end_product(self) -> Tensor:
        """W, (B, n, m)."""
        result = self._seen.clone()
        result[self.running] = product(self.layers)
        return result

    def singular_values(self) -> Tensor:
        """σ(W), (B, min(n, m)), descending."""
        return singular_values(self.end_product)

    def advance(self, steps: int, checkpoint: Path | None = None) -> None:
        """Take `steps` more steps with every member that still trains, saving to `checkpoint` now and then."""
        freed_memory.keep()
        for _ in range(steps):
            if not len(self.running):
                break
            try:
                self._step()
            except NonFiniteMatrixError:
                self._look()
                continue
            if int(self.steps[self.running[0]]) % LOOK_EVERY == 0:
                self._look()
            if checkpoint is not None and time.monotonic() - self._saved_at > SAVE_EVERY_SECONDS:
                self.save(checkpoint)
                self._saved_at = time.monotonic()

    def _step(self) -> None:
        gradients = self.gradients()
        rates = self.learning_rates[self.running]
        self._optimizer.step(self.layers, gradients, rates * self._factor())
        self.steps[self.running] += 1

    def gradients(self) -> list[Tensor]:
        """∂L/∂W_j for each layer of the members that still train, (running, d_j, d_{j−1}), W_1 first."""
        below = list(itertools.accumulate(self.layers, lambda lower, layer: layer @ lower))  # W_j ⋯ W_1
        gradient = self._end_product_gradient(below[-1])
        gradients = []
        for j in reversed(range(1, self.depth)):
            gradients.append(gradient @ below[j - 1].mT)
            gradient = self.layers[j].mT @ gradient
        return [gradient, *reversed(gradients)]

    def _end_product_gradient(self, matrix: Tensor) -> Tensor:
        gradient = torch.addcmul(self._offsets, self._weights, matrix)
        penalty = PENALTIES[self.penalty]
        if penalty is not None:
            strengths = self.strengths[self.running, None] * self._factor()
            if self.annealing is None:
                spectrum = decompose(matrix)
                gradient += spectrum.map(penalty.of_singular_values(spectrum.singular_values)[1] * strengths)
            else:
                left, values, right = leading_singular_vectors(matrix, min(matrix.shape[-2:]))
                gradient += (left * (penalty.of_singular_values(values)[1] * strengths)[:, None, :]) @ right.mT
        return gradient

    def _factor(self) -> float:
        """Of λ and the learning rates now; members that still train have all taken as many steps."""
        return 1.0 if self.annealing is None else self.annealing.factor(int(self.steps[self.running[0]]))

    def _look(self) -> None:
        """Put members at rest that have converged or diverged."""
        now = product(self.layers)
        before = self._seen[self.running]
        size = torch.linalg.vector_norm(now, dim=(-2, -1))
        change = torch.linalg.vector_norm(now - before, dim=(-2, -1))
        diverged = ~(size < DIVERGED * math.sqrt(now[0].numel()))  # also true where it is not a number
        converged = ~diverged & (change <= CONVERGED * size) & (self.annealing is None)
        self._seen[self.running] = torch.where(diverged[:, None, None], before, now)
        self.diverged[self.running] = diverged
        self.converged[self.running] = converged
        if bool((diverged | converged).any()):
            self._keep_running(torch.nonzero(~(diverged | converged)).flatten())

    def keep(self, members: Tensor) -> None:
        """Go on with these members alone, given by their indices; they are numbered anew from 0, in this order."""
        self._seen = self.end_product
        places = {int(old): place for place, old in enumerate(self.running)}
        still = [place for place, old in enumerate(members.tolist()) if old in places]
        self._keep_running(torch.tensor([places[int(members[place])] for place in still], dtype=torch.long))
        self.running = torch.tensor(still, dtype=torch.long)
        for name in ("strengths", "learning_rates", "steps", "converged", "diverged", "_seen"):
            setattr(self, name, getattr(self, name)[members])

    def observe(self, observations: Tensor, observed: Tensor) -> None:
        """Go on with these observations, both (B, n, m) as at the start; members at rest stay at rest.

        Raises:
            ValueError: a member has no observed entry.
        """
        self._weights, self._offsets = _loss(observations[self.running], observed[self.running])

    def _keep_running(self, places: Tensor) -> None:
        self.running = self.running[places]
        self.layers = [layer[places] for layer in self.layers]
        self._weights, self._offsets = self._weights[places], self._offsets[places]
        self._optimizer.keep(places)

    def save(self, path: Path) -> None:
        """Write everything that training depends on, atomically."""
        state = {name: getattr(self, name) for name in _STATE} | {"optimizer_state": self._optimizer.state()}
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_atomically(path, buffer.getvalue())

    def load(self, path: Path) -> None:
        """Go on where the run that was saved to `path` was; it must have been made with the same arguments.

        Raises:
            FileNotFoundError: there is no such file.
            CheckpointError: the file is damaged, or of a run with other arguments.
        """
        try:
            state = torch.load(path, weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            raise CheckpointError(f"{path} is not a checkpoint, or is damaged; remove it to start anew") from error
        for name in ("depth", "penalty", "optimizer", "_fingerprint"):
            if not isinstance(state, dict) or state.get(name) != getattr(self, name):
                raise CheckpointError(f"{path} is a checkpoint of another run (its {name.strip('_')} differs)")
        for name in _STATE:
            setattr(self, name, state[name])
        self._optimizer = BatchedOptimizer(self.optimizer, self.layers, self._options)
        self._optimizer.set_state(state["optimizer_state"])


_STATE = (
    *("depth", "penalty", "optimizer", "_fingerprint", "strengths", "learning_rates", "layers", "running", "steps"),
    *("converged", "diverged", "_weights", "_offsets", "_seen"),
)


def _loss(observations: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
    """2 M / |Ω| and −2 M∘Y / |Ω|, (B, n, m), from which the gradient of the loss is made."""
    counts = observed.sum((-2, -1), keepdim=True)
    if not bool((counts > 0).all()):
        raise ValueError("a member of the batch has no observed entry")
    weights = observed * (2 / counts.double())
    return weights, torch.where(observed, -observations, 0.0).double() * weights


def _initial_layers(seed: int, shape: tuple[int, int], depth: int) -> list[Tensor]:
    """W_1 (d, m), …, W_N (n, d) with d = min(n, m); drawn from a stream apart from that of the problem's seed."""
    n, m = shape
    deviation = INITIAL_SCALE ** (1 / depth) / math.sqrt(max(shape))
    widths = [m, *[min(shape)] * (depth - 1), n]
    generator = torch.Generator().manual_seed(2**32 + seed)
    return [
        deviation * torch.randn(above, below, generator=generator, dtype=torch.float64)
        for below, above in itertools.pairwise(widths)
    ]


def _fingerprint(run: Dynamics) -> str:
    """Tells runs with different data, starts, λ or learning rates apart."""
    digest = hashlib.sha256(repr((sorted(run._options.items()), run.annealing)).encode())
    for tensor in (run._weights, run._offsets, run.strengths, run.learning_rates, *run.layers):
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()
