"""What must be shown of the processes, a function each."""

import signal
from collections import Counter

from tests.chaos.evidence import Evidence
from tests.chaos.finding import Finding

#: What the children of a killed worker get on a machine with other work, seconds.
_GONE_WITHIN = 3.0
#: Ended as asked; Postgres was away just then; a task killed its worker just then.
LEFT = (0, 3, -signal.SIGKILL)


def nothing_deadlocks(e: Evidence) -> Finding:
    lines = [line for line in e.server_log.splitlines() if "deadlock detected" in line]
    return Finding("0 deadlocks", lines, "the server's log over all restarts")


def no_process_is_left(e: Evidence) -> Finding:
    return Finding("0 orphan processes", e.orphans, f"of {e.scene.crew.started} workers")


def children_die_with_their_worker(e: Evidence) -> Finding:
    times = e.scene.outlived
    slow = [f"{seconds:.2f} s" for seconds in times if seconds > _GONE_WITHIN]
    slowest = max(times, default=0)
    return Finding(
        "what is below a killed worker is gone at once",
        slow,
        f"slowest of {len(times)}: {slowest:.2f} s",
    )


def who_is_asked_to_leave_leaves(e: Evidence) -> Finding:
    codes = Counter(e.scene.crew.exits)
    wrong = [f"exit code {code}: {n} times" for code, n in codes.items() if code not in LEFT]
    return Finding(
        "SIGTERM ends a worker with 0",
        wrong,
        f"{codes[0]} times 0, {codes[3]} times 3 (Postgres away)",
    )


def nobody_loses_composure(e: Evidence) -> Finding:
    wrong = [
        f"{name}: {line}"
        for name, log in e.logs.items()
        if not name.startswith("producer")
        for line in log.splitlines()
        if line.startswith("Traceback") or "CRITICAL" in line or "error ignored" in line
    ]
    return Finding("0 tracebacks in logs", wrong, f"{len(e.logs)} logs")


def a_fault_is_told_once(e: Evidence) -> Finding:
    told = {name: log.count("out of reach") for name, log in e.logs.items() if "worker" in name}
    struck = e.scene.struck
    faults = struck["TerminateBackend"] + e.scene.plan.workers * (
        struck["RestartPostgres immediate"] + struck["RestartPostgres fast"]
    )
    # A worker that starts while Postgres is away says so as well, before it has anything to lose.
    allowed = faults + e.scene.crew.started
    wrong = (
        [f"{sum(told.values())} lines for {faults} faults"] if sum(told.values()) > allowed else []
    )
    return Finding(
        "at most one line a fault",
        wrong,
        f'{sum(told.values())} lines "out of reach" for {faults} faults',
    )


CHECKS = [
    nothing_deadlocks,
    no_process_is_left,
    children_die_with_their_worker,
    who_is_asked_to_leave_leaves,
    nobody_loses_composure,
    a_fault_is_told_once,
]
