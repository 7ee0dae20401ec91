"""The server beside a bare FastAPI application, ids of text beside whole numbers, and ratings that arrive."""

from __future__ import annotations

from benchmarks.document.content import Content


def serving_load(content: Content) -> str:
    """The server beside a bare FastAPI application, and its batches, start, memory and reloads."""
    lines = ["| one worker | this server | bare FastAPI | ratio |", "|---|---|---|---|"]
    for name, title in (("get", "`GET /v1/ratings`"), ("post", "`POST /v1/predictions`, one pair")):
        row = content[name]
        cells = [f"{row[side]['per_second']:,}/s" for side in ("real", "bare")]
        lines.append(f"| {title} | {cells[0]} | {cells[1]} | {row['ratio']} |")
        cells = [f"{row[side]['p50_ms']} ms, {row[side]['p99_ms']} ms" for side in ("real", "bare")]
        lines.append(f"| – p50 and p99 with {content['connections']} connections | {cells[0]} | {cells[1]} | |")
    checked = content["health"]
    kept, new = checked["kept_connection"], checked["new_connections"]
    hold = content["loop_holds"][0]
    peak, batch, start, reloads = (content[name] for name in ("peak_memory", "batch", "start", "reloads"))
    lines.append(f"| peak memory | {peak['real_mb']} MB | {peak['bare_mb']} MB | |")
    return "\n".join(
        [
            *lines,
            "",
            f"A batch of {batch['pairs']:,} pairs takes {batch['milliseconds']} ms from the first byte sent to the "
            f"last one read: {batch['pairs_per_second']:,} pairs a second. From start to ready it takes "
            f"{start['median_s']} s (at most {start['most_s']} s). In {reloads['seconds']} s at full load, "
            f"{reloads['loaded']} new models took each other's place, and {reloads['failed']} of "
            f"{reloads['requests']:,} requests failed (p99 {reloads['p99_ms']} ms); resident memory was "
            f"{reloads['resident_after_10_s_mb']} MB after the first 10 s and {reloads['resident_at_end_mb']} MB at "
            "the end.",
            "",
            f"While {checked['clients']} clients send such batches without a pause, `/health/ready` answers within "
            f"{kept['p99_ms']} ms in 99 of 100 cases (median {kept['p50_ms']} ms), on new connections within "
            f"{new['p99_ms']} ms (median {new['p50_ms']} ms). Of {len(content['loop_holds'])} kinds of large requests "
            f"none keeps others waiting for more than {hold['milliseconds']} ms ({hold['name']}).",
            "",
            f"Measured on {content['cores']} cores of an {content['processor']}, which wrk shared, Python "
            f"{content['python']}.",
        ]
    )


def string_ids(content: Content) -> str:
    """A server of ids that are text beside one of whole numbers."""
    get, start = content["get"], content["start"]
    lines = ["| one worker | ids of text (UUIDs) | whole numbers | ratio |", "|---|---|---|---|"]
    text, numbers = get["text"], get["numbers"]
    lines += [
        f"| `GET /v1/ratings` | {text['per_second']:,}/s | {numbers['per_second']:,}/s | {get['ratio']} |",
        f"| – p50 and p99 with {content['connections']} connections | {text['p50_ms']} ms, {text['p99_ms']} ms "
        f"| {numbers['p50_ms']} ms, {numbers['p99_ms']} ms | |",
        f"| start to ready with {start['ids']:,} ids | {start['text_s']} s | {start['numbers_s']} s "
        f"| {start['ratio']} |",
        f"| – peak memory | {start['text_peak_mb']} MB | {start['numbers_peak_mb']} MB | |",
        "",
        f"Measured on {content['cores']} cores of an {content['processor']}, which wrk shared, with a load of "
        f"{content['load_average_before']} of other programs, Python {content['python']}. Text and whole numbers were "
        "measured in turns, so the ratios hold; the other numbers are those of a busy machine.",
    ]
    return "\n".join(lines)


def ratings_load(content: Content) -> str:
    """A server that keeps ratings: as many PUTs as it takes, and GETs alone and beside PUTs."""
    put = content["put"]
    lines = [
        "| one worker, SQLite | requests | p50, p99 |",
        "|---|---|---|",
        f"| `PUT …/ratings/{{item_id}}`, {content['connections']} connections | {put['per_second']:,.0f}/s | "
        f"{put['p50_ms']:.1f} ms, {put['p99_ms']:.1f} ms |",
    ]
    for name, title in (("by_model", "answered by the model"), ("by_fold_in", "answered by fold-in")):
        got = content["get"][name]
        beside = f"beside {got['puts']['per_second']:,.0f} PUTs a second"
        for row, what in ((got["alone"], "alone"), (got["beside"], beside)):
            lines.append(
                f"| `GET /v1/ratings` {title}, 1 connection, {what} | {row['per_second']:,.0f}/s | "
                f"{row['p50_ms']} ms, {row['p99_ms']} ms |"
            )
        lines.append(f"| – median beside PUTs : alone | {got['ratio']} | |")
    lines += [
        "",
        f"A commit of one row takes {content['commit_ms']} ms on this disk. Measured on {content['cores']} cores of an "
        f"{content['processor']}, which wrk shared, with a load of {content['load_average_before']} of other programs, "
        f"Python {content['python']}.",
    ]
    return "\n".join(lines)
