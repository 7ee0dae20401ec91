"""The rows of Table 1: computed in several processes, kept in a folder, and as Markdown."""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from functools import cache
from multiprocessing import connection
from pathlib import Path
from typing import Any

import torch

from recsys.files import write_atomically
from recsys.results.environment import environment
from recsys.results.fingerprint import code_of, fingerprint, kept
from synthetic.table1.cells import Cell, extra_cells, paper_cells, paper_values
from synthetic.table1.experiment import run_cell

Row = dict[str, Any]
NOTES = Path(__file__).parent / "notes.json"


def row_of(cell: Cell, seeds: Sequence[int], folder: Path) -> Row:
    """The row of one cell, from `folder` if it is there, else computed and left there."""
    name = f"{str(cell).replace('/', '-').replace(':', '_')}-seeds-{'-'.join(map(str, seeds))}"
    wanted = fingerprint_of(cell, seeds)
    finished = folder / f"{name}-{wanted}.json"
    if (before := kept(finished, wanted)) is not None:
        return before
    commit = environment()["commit"]
    outcome = run_cell(cell, seeds)
    paper_error, paper_rank = paper_values().get(str(cell), (None, None))
    row = {
        "optimizer": cell.optimizer,
        "depth": cell.depth,
        "penalty": cell.penalty,
        "test_error": statistics.mean(outcome.test_errors),
        "effective_rank": statistics.mean(outcome.effective_ranks),
        "paper_test_error": paper_error,
        "paper_rank": paper_rank,
        "lambda": [choice.strength for choice in outcome.choices],
        "learning_rate": [choice.learning_rate for choice in outcome.choices],
        "steps": [choice.steps for choice in outcome.choices],
        "decades": [choice.decades for choice in outcome.choices],
        "seconds": round(outcome.seconds, 1),
        "seeds": list(seeds),
        "variant": cell.variant,
        "test_errors": outcome.test_errors,
        "effective_ranks": outcome.effective_ranks,
        "oracle_test_errors": outcome.oracle_test_errors,
        "cpu_seconds": round(outcome.cpu_seconds, 1),
        "cell_steps": outcome.cell_steps,
        "commit": commit,
        "fingerprint": wanted,
    }
    write_atomically(finished, json.dumps(row).encode())
    return row


def fingerprint_of(cell: Cell, seeds: Sequence[int]) -> str:
    """Of the row of a cell, as the present sources would give it."""
    return fingerprint({"cell": [*asdict(cell).values()], "seeds": list(seeds)}, _code())


def merged(before: Sequence[Row], rows: Sequence[Row]) -> list[Row]:
    """Earlier rows and new ones, which take their places, each said to be of earlier code or not."""
    of = {cell_of(row): row for row in [*before, *rows]}
    return with_notes(
        [
            row | {"of_earlier_code": row.get("fingerprint") != fingerprint_of(cell, row["seeds"])}
            for cell, row in of.items()
        ]
    )


def is_table1(content: dict[str, Any]) -> bool:
    """Whether a file's content is an earlier table of this kind, which may be replaced."""
    return all({"optimizer", "depth", "penalty"} <= row.keys() for row in content["rows"])


def rows_of(cells: Sequence[Cell], seeds: Sequence[int], folder: Path, workers: int) -> Iterator[Row]:
    """Rows as they are finished, from processes of one thread each: the matrices are too small to share one."""
    if workers == 1:
        torch.set_num_threads(1)
        yield from (row_of(cell, seeds, folder) for cell in cells)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker) as pool:
        futures = [pool.submit(row_of, cell, seeds, folder) for cell in cells]
        try:
            yield from (future.result() for future in as_completed(futures))
        finally:
            pool.shutdown(cancel_futures=True)


def cell_of(row: Row) -> Cell:
    """The cell that a row belongs to."""
    return Cell(row["optimizer"], row["depth"], row["penalty"], row["variant"])


def as_markdown(rows: Sequence[Row]) -> str:
    """The rows as a table, with the paper's values beside ours."""
    lines = [
        "| cell | test error: paper | measured | worst seed | effective rank: paper | measured | λ | learning rate |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        paper = (
            ("–", "–") if row["paper_rank"] is None else (f"{row['paper_test_error']:.0e}", f"{row['paper_rank']:.0f}")
        )
        lines.append(
            f"| {cell_of(row)} | {paper[0]} | {row['test_error']:.1e} | {max(row['test_errors']):.1e} | {paper[1]} "
            f"| {row['effective_rank']:.1f} | {_each(row['lambda'])} | {_each(row['learning_rate'])} |"
        )
    notes = notes_of(rows)
    return "\n".join(lines + ([""] if notes else []) + notes) + "\n"


def _each(values: Sequence[float]) -> str:
    """The values that some seed chose."""
    return ", ".join(f"{value:g}" for value in sorted(set(values)))


def notes_of(rows: Sequence[Row]) -> list[str]:
    """The notes on the rows as a Markdown list, each once, with the cells that it is about."""
    about: dict[str, list[str]] = {}
    for row in rows:
        if "note" in row:
            about.setdefault(row["note"], []).append(str(cell_of(row)))
    return [f"- {', '.join(cells)}: {note}" for note, cells in about.items()]


def with_notes(rows: Sequence[Row]) -> list[Row]:
    """The rows, in the table's order, with a note where notes.json has one; those of earlier code keep their own."""
    notes = json.loads(NOTES.read_text())
    order = {cell: place for place, cell in enumerate([*paper_cells(), *extra_cells()])}
    ordered = sorted(rows, key=lambda row: order.get(cell_of(row), len(order)))
    return [
        row | ({"note": notes[name]} if (name := str(cell_of(row))) in notes and not row.get("of_earlier_code") else {})
        for row in ordered
    ]


def _start_worker() -> None:
    torch.set_num_threads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A killed parent cannot tell its workers to end."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


@cache  # a process runs the code that it has loaded, whatever becomes of the files
def _code() -> str:
    return code_of("synthetic.table1.experiment")
