"""What is counted while faults happen."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

_KEPT = 10  # descriptions of what went wrong; the first ones tell what to look for


@dataclass
class Outcome:
    """How often something was done to the application, and how often that led to what must not be."""

    fault: str
    moments: int = 0
    """How many times the fault was made: processes killed at work, disks filled, bytes changed, requests sent."""
    corrupt: int = 0
    """Files under their final name that are not whole, or damaged ones that were read as if they were."""
    wrong: int = 0
    """Answers or arrays that differ from those without the fault; a resumed fit must end with the same bits."""
    errors: int = 0
    """Server errors (5xx), tracebacks, and processes that ended where they must not."""
    failed: int = 0
    """Requests that got no answer, beyond those that were under way in a process that was killed."""
    problems: list[str] = field(default_factory=list)

    def count(self, kind: str, problem: str) -> None:
        """Count one `corrupt`, `wrong`, `errors` or `failed`, and keep the first descriptions."""
        setattr(self, kind, getattr(self, kind) + 1)
        if len(self.problems) < _KEPT:
            self.problems.append(f"{kind}: {problem}")

    @property
    def is_clean(self) -> bool:
        """Whether nothing happened that must not."""
        return not (self.corrupt or self.wrong or self.errors or self.failed)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for a results file."""
        return asdict(self)
