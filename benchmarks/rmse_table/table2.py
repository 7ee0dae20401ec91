"""The lines of the RMSE table: every row of the paper's Table 2 with its published figure, and a few methods besides.

Source of `PUBLISHED`: Dan Zhao, "Combining Explicit and Implicit Regularization for Efficient Learning in Deep
Networks", NeurIPS 2022, Table 2 (a) for 90:10 and (b) for 80:20. The paper measured its own eight rows on random splits
and took the others from the literature; those of (b) are of the official split u1, which is an 80:20 split, so they
stand beside ours on u1, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PUBLISHED: dict[str, dict[str, float]] = {
    # the paper's name: share of training ratings: test RMSE
    "Depth 1 LNN w. GD": {"0.9": 2.814, "0.8": 2.797},
    "Depth 1 LNN w. GD+penalty": {"0.9": 2.808, "0.8": 2.821},
    "Depth 1 LNN w. Adam": {"0.9": 1.844, "0.8": 1.822},
    "Depth 1 LNN w. Adam+penalty": {"0.9": 0.915, "0.8": 0.921},
    "User-Item Embedding w. GD": {"0.9": 2.453, "0.8": 2.532},
    "User-Item Embedding w. GD+penalty": {"0.9": 2.535, "0.8": 2.519},
    "User-Item Embedding w. Adam": {"0.9": 1.282, "0.8": 1.348},
    "User-Item Embedding w. Adam+penalty": {"0.9": 0.906, "0.8": 0.919},
    "NMF": {"0.9": 0.958},
    "PMF": {"0.9": 0.952},
    "SVD++": {"0.9": 0.913},
    "NFM": {"0.9": 0.910},
    "FM": {"0.9": 0.909},
    "GraphRec": {"0.9": 0.898},
    "AutoSVD++": {"0.9": 0.904},
    "GraphRec+side feat.": {"0.9": 0.899},
    "GraphRec+graph/side feat.": {"0.9": 0.883},
    "IMC": {"0.8": 1.653},
    "GMC": {"0.8": 0.996},
    "MC": {"0.8": 0.973},
    "GRALS": {"0.8": 0.945},
    "sRGCNN (sRMGCNN)": {"0.8": 0.929},
    "GC-MC": {"0.8": 0.910},
    "GC-MC+side feat.": {"0.8": 0.905},
}


@dataclass(frozen=True)
class Line:
    """A model of the table: `ours` is fitted by `recsys fit`, a peer is written or wrapped in `benchmarks.peers`."""

    model: str
    paper_name: str | None
    extra_information: bool
    """Whether it uses more than the ratings: the paper's column, or for a line that is not in it, whether it does."""
    ours: bool = False
    published: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.paper_name is not None:
            figures = dict(PUBLISHED[self.paper_name])
            if not self.ours and "0.8" in figures:
                figures["u1"] = figures["0.8"]
            self.published.update(figures)


NEAR_ZERO = "-near-zero"
"""Ends the name of a line of ours that starts near zero, as the paper does, in place of damped means."""


def _of_ours() -> list[Line]:
    models = {"lnn": "Depth 1 LNN", "embedding": "User-Item Embedding"}
    training = {"gd": "GD", "gd-ratio": "GD+penalty", "adam": "Adam", "adam-ratio": "Adam+penalty"}
    return [
        Line(f"{model}-{trained}{start}", f"{model_name} w. {training_name}", False, ours=True)
        for start in ("", NEAR_ZERO)
        for model, model_name in models.items()
        for trained, training_name in training.items()
    ]


LINES = [
    Line("best-ratings", None, True, ours=True),
    Line("best-all", None, True, ours=True),
    Line("lnn-adam-smoothed-ratio", None, False, ours=True),
    Line(f"lnn-adam-smoothed-ratio{NEAR_ZERO}", None, False, ours=True),
    *_of_ours(),
    Line("baseline", None, False),
    Line("nmf", "NMF", False),
    Line("pmf", "PMF", False),
    Line("svd", None, False),
    Line("svdpp", "SVD++", True),
    Line("knn-baseline", None, False),
    Line("fm", "FM", False),
    Line("fm-implicit", None, True),
    Line("fm-date", None, True),
    Line("fm-windows", None, True),
    Line("nfm", "NFM", False),
    Line("graphrec", "GraphRec", False),
    Line("graphrec-side", "GraphRec+side feat.", True),
    Line("graphrec-graph-side", "GraphRec+graph/side feat.", True),
    Line("autosvdpp", "AutoSVD++", True),
    Line("imc", "IMC", True),
    Line("gmc", "GMC", True),
    Line("mc", "MC", True),
    Line("grals", "GRALS", True),
    Line("srgcnn", "sRGCNN (sRMGCNN)", True),
    Line("gc-mc", "GC-MC", True),
    Line("gc-mc-features", "GC-MC+side feat.", True),
]
BY_MODEL = {line.model: line for line in LINES}
