"""The server with a large model beside one with a small one."""

from __future__ import annotations

from benchmarks.document.content import Content

_TITLES = {
    "rating": "`GET /v1/ratings`",
    "relevance": "recommendations by relevance",
    "by_rating": "– by rating",
    "reasons": "– by relevance, with reasons",
    "stored": "– of users with stored ratings",
}


def serving_size(content: Content) -> str:
    """Bytes, start and memory, latencies of both models, searches, and what holds the event loop."""
    shapes = content["shapes"]
    heads = [f"{shapes[size]['n_users']:,} × {shapes[size]['n_items']:,}" for size in ("large", "small")]
    lines = [f"| p50 and p99 with {content['connections']} connections | {heads[0]} | {heads[1]} |", "|---|---|---|"]
    for name, title in _TITLES.items():
        cells = [f"{one['p50_ms']} ms, {one['p99_ms']} ms" for one in (content["asked"][name][size] for size in shapes)]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    for kind, found in content["searches"].items():
        lines.append(f"| one search after the other, {kind} | {found['p50_ms']} ms, {found['p99_ms']} ms | |")
    ready, memory = content["ready"], content["memory"]
    hold = content["loop_holds"][0]
    return "\n".join(
        [
            *lines,
            "",
            f"The large artefact has {content['disk_bytes'] / 1e6:,.0f} MB on disk. {content['workers']} workers "
            f"answer after {ready['median_s']} s (at most {ready['most_s']} s), for which processors work "
            f"{ready['processor_s']} s for the one that works most. Together they take {memory['pss_mb']:,} MB of "
            f"memory ({memory['rss_mb']:,} MB if what they share counted for each). No request for a user "
            f"with 1,500 stored ratings holds the event loop for more than {hold['milliseconds']} ms (median of "
            f"{hold['name']}; at least {hold['least_milliseconds']} ms).",
            "",
            f"Measured on {content['cores']} cores of an {content['processor']}, which wrk shared, with a load of "
            f"{content['load_average_before']} of other programs, Python {content['python']}.",
        ]
    )
