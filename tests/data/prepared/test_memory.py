"""Memory does not grow with the number of ratings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from data.prepared import Prepared

N_USERS, N_ITEMS = 50_000, 5_000


def write(file: Path, n: int) -> None:
    rows = np.random.default_rng(0).permutation(n)
    table = {
        "user": rows % N_USERS,
        "item": (rows // N_USERS * 7 + rows % N_USERS) % N_ITEMS,
        "rating": rows % 5 + 1,
        "time": rows,
    }
    pa.csv.write_csv(pa.table(table), file)


def peak(file: Path, folder: Path) -> int:
    """Bytes that a process has held at most, mapped files included."""
    call = (
        "from pathlib import Path; from data.prepared import prepare; "
        f"prepare({str(file)!r}, Path({str(folder)!r})); "
        "print(Path('/proc/self/status').read_text().partition('VmHWM:')[2].split()[0])"
    )
    return int(subprocess.check_output([sys.executable, "-c", call], stderr=subprocess.DEVNULL)) * 1024


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_ratings(tmp_path: Path) -> None:
    peaks = []
    for n in (6_000_000, 12_000_000):
        file = tmp_path / f"{n}.csv"
        write(file, n)
        peaks.append(peak(file, tmp_path / str(n)))
        assert Prepared(tmp_path / str(n)).manifest.n_ratings == n
    assert peaks[1] < 1 << 30
    assert peaks[1] - peaks[0] < 100 << 20  # six million ratings in memory take 160 MiB at least
