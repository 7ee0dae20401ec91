"""One of several worker processes: python -m serving.process.worker LISTENING PARENT, both numbers of file descriptors.

`serving.process.workers` starts it, with a socket that clients connect to, and one to say that it answers.
"""

from __future__ import annotations

import signal
import socket
import sys

from serving.process import log, shared


def main() -> None:
    """Answer until told to stop, or until the parent is gone."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until there is a model to reload, it must not end the process
    listening, parent = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    log.install()
    shared.reserve_numbers()
    # Only now: prometheus_client looks for the folder when it is imported.
    from serving.app import create_app
    from serving.process.server import serve
    from serving.settings import Settings

    settings = Settings()
    serve(settings, create_app(settings), listening, parent)


if __name__ == "__main__":
    main()
