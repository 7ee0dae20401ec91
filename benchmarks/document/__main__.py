"""Write the measured numbers into the documents: python -m benchmarks.document.

What stands between `<!-- NAME -->` and `<!-- /NAME -->` is drawn from benchmarks/results; a test compares.
"""

from __future__ import annotations

from benchmarks.document.documents import DOCUMENTS, rendered
from recsys.files import write_atomically


def main() -> None:
    """Rewrite the documents."""
    for document in DOCUMENTS:
        write_atomically(document, rendered(document).encode())


if __name__ == "__main__":
    main()
