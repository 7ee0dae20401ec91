"""The lines of the RMSE table: every row of the paper's Table 2 with its published figure, and a few methods besides.

The figures that the paper quotes at 80:20 for other methods are of the official split u1, which is an 80:20 split, so
they stand beside ours on u1, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from recsys.command.paper import paper_table

PUBLISHED = {row.name: row.rmse for row in paper_table()}
"""Test RMSE by the paper's name and by split."""


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
    """Our lines of the paper's rows: those that start at damped means, then those that start near zero."""
    lines = [Line(model, row.name, False, ours=True) for row in paper_table() for model in row.ours]
    return sorted(lines, key=lambda line: line.model.endswith(NEAR_ZERO))


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
