"""A description of ratings as a picture, by matplotlib, which is installed for it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from data.description import Counts, Description
from recsys.errors import CommandError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOR = "#4878a8"
_MOST_TICKS = 11
_BARS = 30


def require_matplotlib() -> None:
    """Check that pictures can be drawn.

    Raises:
        CommandError: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as cause:
        raise CommandError(
            "--picture needs matplotlib, which is not installed: pip install 'recsys[pictures]'."
        ) from cause
    mpl.use("agg")


def picture(description: Description, kind: str) -> bytes:
    """Draw the ratings, how many there are of each user and item, and when they were given.

    Args:
        description: what to draw.
        kind: of the file: png, svg or pdf.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.4), layout="constrained")
    (ratings, time), (users, items) = figure.subplots(2, 2)
    figure.suptitle(
        f"{description.name}: {description.n_ratings:,} ratings of {description.n_items:,} items by "
        f"{description.n_users:,} users, {description.density:.2%} of all pairs are rated",
        fontsize=12,
    )
    _draw_ratings(ratings, description)
    _draw_times(time, description.times)
    _draw_counts(users, description.per_user, "user")
    _draw_counts(items, description.per_item, "item")
    for axes in (ratings, time, users, items):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", alpha=0.25)
        axes.set_axisbelow(True)
    written = io.BytesIO()
    figure.savefig(written, format=kind, dpi=110)
    return written.getvalue()


def _draw_ratings(axes: Axes, said: Description) -> None:
    _title(axes, f"ratings; mean {said.mean:.2f}, standard deviation {said.standard_deviation:.2f}")
    axes.bar(
        [(bar.least + bar.greatest) / 2 for bar in said.histogram],
        [bar.n_ratings for bar in said.histogram],
        0.9 * (said.histogram[-1].greatest - said.histogram[0].least) / max(1, len(said.histogram) - 1),
        color=_COLOR,
    )
    if len(said.histogram) <= _MOST_TICKS and said.histogram[0].least == said.histogram[0].greatest:
        axes.set_xticks([bar.least for bar in said.histogram])
    axes.set_xlabel("rating")
    _count_by_thousands(axes)


def _draw_times(axes: Axes, times: npt.NDArray[np.int64] | None) -> None:
    _title(axes, "ratings over time")
    if times is None:
        axes.text(0.5, 0.5, "the table does not say when", ha="center", va="center", transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.hist(times.astype("datetime64[s]"), bins=60, color=_COLOR)
    axes.tick_params(axis="x", rotation=30)
    _count_by_thousands(axes)


def _draw_counts(axes: Axes, counts: Counts, side: str) -> None:
    from matplotlib.ticker import MaxNLocator

    _title(axes, f"ratings of each {side}; median {np.median(counts):,.0f}, most {counts.max():,}")
    least, end = int(counts.min()), int(counts.max()) + 1
    if end > 10 * least:  # a few have many: bars are wider further up
        edges = np.unique(np.geomspace(least, end, _BARS).round()).tolist()
        axes.set_xscale("log", subs=[])
        steps = [step * 10**power for power in range(10) for step in (1, 2, 5)]
        axes.set_xticks([step for step in steps if edges[0] <= step <= edges[-1]])
    else:
        width = -(-(end - least) // _BARS)  # each bar holds as many whole numbers
        edges = list(range(least, end + width, width))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.hist(counts, bins=edges, color=_COLOR)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(f"ratings of a {side}" if side == "user" else f"ratings of an {side}")
    axes.set_ylabel(f"{side}s")
    _count_by_thousands(axes)


def _title(axes: Any, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)


def _count_by_thousands(axes: Any) -> None:
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.set_major_formatter("{x:,.0f}")
