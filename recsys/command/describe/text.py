"""A description of ratings as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from data.description import Bar, Description, Spread

_WIDTH = 32  # characters of the longest bar
_HEADINGS = ("least", "5 %", "25 %", "half", "75 %", "95 %", "most", "mean")


def text(description: Description, block: str = "█") -> str:
    """All of a description, in lines; bars are made of `block`."""
    return "\n".join(
        (*_facts(description), "", *_bars(description, block), "", *_spreads(description), "", *_cold(description))
    )


def _facts(said: Description) -> Iterator[str]:
    yield said.name if said.source == said.name else f"{said.name}, from {said.source}"
    yield ""
    yield f"  ratings     {said.n_ratings:>12,}"
    yield f"  users       {said.n_users:>12,}"
    yield f"  items       {said.n_items:>12,}"
    yield f"  density     {said.density:>12.3%}   of all pairs of a user and an item are rated"
    yield f"  duplicates  {said.duplicates:>12,}   {_DUPLICATES[said.duplicates > 0]}"
    yield f"  scale       {said.scale}"
    yield f"  mean        {said.mean:>12.3f}   and the RMSE of predicting it is {said.standard_deviation:.3f}"
    if said.span is None:
        yield "  time        not known"
    else:
        yield f"  time        {said.span.first[:10]} … {said.span.last[:10]}, {said.span.days:,.0f} days"


_DUPLICATES = ("pairs are rated once", "ratings of pairs that are rated again; left out of all that follows")


def _bars(said: Description, block: str) -> Iterator[str]:
    most = max(bar.n_ratings for bar in said.histogram)
    names = [_name(bar) for bar in said.histogram]
    width = max(map(len, names))
    for name, bar in zip(names, said.histogram, strict=True):
        length = round(_WIDTH * bar.n_ratings / most) or (1 if bar.n_ratings else 0)
        share = bar.n_ratings / said.n_ratings
        yield f"  {name:>{width}}  {block * length:<{_WIDTH}} {bar.n_ratings:>12,} {share:>7.1%}"


def _name(bar: Bar) -> str:
    return f"{bar.least:g}" if bar.least == bar.greatest else f"{bar.least:.4g} … {bar.greatest:.4g}"


def _spreads(said: Description) -> Iterator[str]:
    yield f"  {'share with at most':18}{''.join(f'{heading:>8}' for heading in _HEADINGS)}"
    for name, counts in (("ratings per user", said.per_user), ("ratings per item", said.per_item)):
        *numbers, mean = Spread.of(counts)
        yield f"  {name:18}{''.join(f'{number:>8,.0f}' for number in numbers)}{mean:>8,.1f}"


def _cold(said: Description) -> Iterator[str]:
    if said.cold is None:
        yield "  There are too few ratings to test on a tenth of them."
        return
    yield f"  Of a random tenth to test on ({said.cold.n_test:,} ratings), what the other ratings say nothing of:"
    for name, count in (
        ("users", said.cold.of_unknown_users),
        ("items", said.cold.of_unknown_items),
        ("either", said.cold.of_either),
    ):
        yield f"    {name:8}{count:>12,} {count / said.cold.n_test:>8.2%}"
