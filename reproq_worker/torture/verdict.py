"""What must hold afterwards, looked up in the database."""

from dataclasses import dataclass
from typing import Any

from reproq_worker.call import call
from reproq_worker.torture.run import Torture
from reproq_worker.torture.work import KINDS, PREFIX

_RUNS = "select r.result_id from task_runs as r where r.queue_name = %s and r.result_id >= %s"
_ENDS = """
select r.result_id, r.task_path, r.status, r.attempts, r.return_json ->> 'lease_no', r.lease_no
from task_runs as r
where r.result_id = any(%s)
"""
_HELD = """
select r.result_id
from task_runs as r
where r.result_id = any(%(ids)s) and (
    r.result_id in (select l.result_id from reproq_leases as l)
    or r.result_id in (select s.result_id from reproq_scheduled as s)
    or r.result_id in (select b.result_id from reproq_blocked as b)
    or r.result_id in (select t.result_id from reproq_ready as t where t.queue_name = %(queue)s)
)
"""
_EARLY = """
select d.result_id
from reproq_edges as e
inner join task_runs as d on d.result_id = e.result_id
inner join task_runs as p on p.result_id = e.waits_for
where d.result_id = any(%s) and (p.finished_at is null or d.started_at < p.finished_at)
"""


@dataclass(frozen=True)
class Check:
    """One sentence that should be true, and what speaks against it."""

    promise: str
    against: list[Any]

    @property
    def holds(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.against


def judge(cursor: Any, torture: Torture, log: str) -> list[Check]:
    """Every promise of the queue that a torture can put to the test."""
    ids = torture.committed
    there = {row[0] for row in cursor.execute(_RUNS, [torture.queue, min(ids)]).fetchall()}
    ends = cursor.execute(_ENDS, [ids]).fetchall()
    held = cursor.execute(_HELD, {"ids": ids, "queue": torture.queue}).fetchall()
    early = cursor.execute(_EARLY, [ids]).fetchall()
    tracebacks = [line for line in log.splitlines() if line.startswith("Traceback")]
    return [
        Check("every committed run is there", sorted(set(ids) - there)),
        Check("no run that was rolled back is there", sorted(there - set(ids))),
        Check("every run ended, each as it should", [row[0] for row in ends if not _is_right(row)]),
        Check("each result is that of the last lease", [r[0] for r in ends if not _is_last(r)]),
        Check("no run began before those it waits for had ended", early),
        Check("no ticket, lock or slot is held", held),
        Check("no invariant is violated", call(cursor, "violations")),
        Check("no worker lost its composure", tracebacks),
    ]


def _is_right(row: tuple[Any, ...]) -> bool:
    _, path, status, attempts, *_ = row
    kind = KINDS[path.removeprefix(PREFIX)]
    return status == kind.ends and kind.attempts in (None, attempts)


def _is_last(row: tuple[Any, ...]) -> bool:
    *_, status, _, returned, lease_no = row
    return status != "SUCCESSFUL" or returned == str(lease_no)
