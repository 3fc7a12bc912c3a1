"""All checks, in the order in which they are reported."""

from tests.chaos import checks, process_checks
from tests.chaos.evidence import Evidence
from tests.chaos.finding import Finding


def judge(evidence: Evidence) -> list[Finding]:
    """Every check."""
    return [check(evidence) for check in (*checks.CHECKS, *process_checks.CHECKS)]
