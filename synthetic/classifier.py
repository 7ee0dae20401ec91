"""The ratio penalty in a plain torch loop, on one layer of a small classifier: python -m synthetic.classifier.

A label tells in which of the eight octants of a hidden three-dimensional space an input of 40 numbers lies, so the
first layer needs rank 3. 500 inputs are too few for a network without a penalty to notice. λ is chosen on validation
inputs; test inputs are classified once, with that λ and without a penalty.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from recsys.linalg.spectral import accurate_singular_values, effective_rank
from recsys.penalties import RatioPenalty

INPUTS, HIDDEN_RANK, WIDTH = 40, 3, 64
STRENGTHS = (0.0, 0.03, 0.1, 0.3, 1.0)  # λ
STEPS, LEARNING_RATE = 150, 1e-2


def untrained() -> nn.Sequential:
    """Two layers, (n, 40) to (n, 8) scores."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(INPUTS, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2**HIDDEN_RANK))


def train(inputs: Tensor, labels: Tensor, strength: float) -> nn.Sequential:
    """The network for (n, 40) inputs and (n,) labels, with λ R(W) of its first layer in the loss."""
    network = untrained()
    penalty = RatioPenalty(strength)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    for _ in range(STEPS):
        loss = nn.functional.cross_entropy(network(inputs), labels) + penalty(network[0].weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def octants(counts: Sequence[int], seed: int = 0) -> list[tuple[Tensor, Tensor]]:
    """Inputs (n, 40) and labels (n,) for each n of `counts`, all of the same hidden space."""
    generator = torch.Generator().manual_seed(seed)
    axes = torch.linalg.qr(torch.randn(INPUTS, HIDDEN_RANK, generator=generator))[0]
    places = 2 ** torch.arange(HIDDEN_RANK)
    drawn = [torch.randn(count, INPUTS, generator=generator) for count in counts]
    return [(inputs, ((inputs @ axes > 0) * places).sum(1)) for inputs in drawn]


def rank_of_first_layer(network: nn.Sequential) -> float:
    """The effective rank of its weight."""
    weight = network[0].weight
    assert isinstance(weight, Tensor)
    return float(effective_rank(accurate_singular_values(weight)))


@torch.no_grad()
def accuracy(network: nn.Sequential, inputs: Tensor, labels: Tensor) -> float:
    """The share of inputs whose highest score is the label's."""
    return float((network(inputs).argmax(1) == labels).float().mean())


def main() -> None:
    """Train with each λ, choose one, test."""
    torch.set_num_threads(1)  # the matrices are too small to share
    training, validation, test = octants((500, 2000, 5000))
    print(
        f"The effective rank of the first layer's weight is {rank_of_first_layer(untrained()):.1f} before training.\n"
    )
    print("|   λ  | effective rank | training accuracy | validation accuracy |")
    print("|------|----------------|-------------------|---------------------|")
    networks = {strength: train(*training, strength) for strength in STRENGTHS}
    found = {strength: accuracy(network, *validation) for strength, network in networks.items()}
    for strength, network in networks.items():
        rank, fitted = rank_of_first_layer(network), accuracy(network, *training)
        print(f"| {strength:4} | {rank:14.1f} | {fitted:17.1%} | {found[strength]:19.1%} |")
    best = max(found, key=found.__getitem__)
    print(f"\nTest accuracy: {accuracy(networks[best], *test):.1%} with the λ of the best validation accuracy, {best};")
    print(f"{accuracy(networks[0.0], *test):.1%} without a penalty.")


if __name__ == "__main__":
    main()
