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
    workers = content["workers"]
    lines = [f"| | {' | '.join('one worker' if n == '1' else f'{n} workers' for n in workers)} |", "|---|---|---|"]

    def line(title: str, cells: list[str]) -> None:
        lines.append(f"| {title} | {' | '.join(cells)} |")

    puts = [measured["put"] for measured in workers.values()]
    line(f"PUTs, {content['connections']} connections", [f"{put['per_second']:,.0f}/s" for put in puts])
    line("– p50 and p99", [f"{put['p50_ms']} ms, {put['p99_ms']} ms" for put in puts])
    for name, title in (("by_model", "the model"), ("by_fold_in", "fold-in")):
        got = [measured["get"][name] for measured in workers.values()]
        line(f"`GET /v1/ratings` answered by {title}, p50", [f"{each['alone']['p50_ms']} ms" for each in got])
        beside = [f"{each['beside']['p50_ms']} ms ({each['puts']['per_second']:,.0f}/s)" for each in got]
        line("– beside PUTs (how many)", beside)
        line("– ratio", [str(each["ratio"]) for each in got])
    said = (
        f"A commit of one rating takes {content['commit_ms']} ms on this disk. Measured on {content['cores']} cores of "
        f"an {content['processor']}, which wrk shared, with a load of {content['load_average_before']} of other "
        f"programs, Python {content['python']}."
    )
    return "\n".join([*lines, "", said])
