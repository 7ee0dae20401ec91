"""One of the processes of a fit: `recsys.command.processes.launching` starts it. It ends when who started it does."""

from __future__ import annotations

import os
import sys
import threading

from recsys.command.main import main


def _end_with_parent() -> None:
    os.read(0, 1)  # nothing is ever written to it: it returns when the other end is closed
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=_end_with_parent, daemon=True).start()
    main(sys.argv[1:])
