"""Whether the queue stays as fast as it is: by what is in it, and over time."""

import os
from typing import Any

from benchmarks import costs, steady
from benchmarks.compare import about
from benchmarks.turn import Sizes


def measure(*, huge: bool, minutes: float, scale: float) -> dict[str, Any]:
    """The report of `--flat`."""
    conditions = about([])
    cases = [case.scaled(scale) for case in [*costs.CASES, *([costs.HUGE] if huge else [])]]
    report = {
        # Smaller sizes may make two cases the same.
        "costs": costs.measure(list(dict.fromkeys(cases))),
        "steady": steady.measure(minutes),
    }
    conditions["load"].append(round(os.getloadavg()[0], 1))
    return {"about": conditions, "sizes": Sizes(scale)._asdict()} | report
