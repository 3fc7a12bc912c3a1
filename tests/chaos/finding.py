"""What a check has found."""

from dataclasses import dataclass

from reproq_worker.torture.verdict import Check


@dataclass(frozen=True)
class Finding(Check):
    """A check, with what was seen in numbers."""

    seen: str
