"""What a file of results holds, and what it was measured on."""

from __future__ import annotations

from typing import Any

Content = dict[str, Any]


def machine(content: Content) -> str:
    """One sentence on the processor and the version of torch."""
    threads = f"{content['threads']} thread{'s' if content['threads'] > 1 else ''}"
    return f"Measured on {threads} of an {content['processor']}, torch {content['torch']}."
