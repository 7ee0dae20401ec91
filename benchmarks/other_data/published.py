"""What others publish on these splits."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A method and its test RMSE, by data set, as its authors give it."""

    method: str
    source: str
    rmse: dict[str, float]


PUBLISHED = (
    Published("GC-MC", "van den Berg, Kipf and Welling, 2017, arXiv:1706.02263", {"flixster": 0.917, "douban": 0.734}),
    Published("IGMC", "Zhang and Chen, ICLR 2020, arXiv:1904.12058", {"flixster": 0.872, "douban": 0.721}),
    Published("GLocal-K", "Han et al., CIKM 2021, arXiv:2108.12184", {"douban": 0.721}),
)
