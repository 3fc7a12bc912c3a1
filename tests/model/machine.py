"""What the rules of the machine share: the database, the model, and that both agree."""

from datetime import UTC, datetime
from typing import ClassVar

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from tests.harness.clock import Clock
from tests.model.queue import Queue
from tests.model.run import Run

START = datetime(2100, 1, 1, 12, tzinfo=UTC)
QUEUES = ["a", "b", "c"]
# All that is compared, in one statement: a step costs one round trip more than its call.
LOOK = """
select
    array(
        select jsonb_build_array(
            r.result_id, r.status, r.attempts, r.lease_losses, r.lease_no, r.cancel_requested,
            extract(epoch from r.expires_at - timestamptz '2100-01-01 12:00Z')::integer,
            jsonb_path_query_array(r.errors_json, '$[*].kind'),
            jsonb_path_query_array(r.errors_json, '$[*].attempt'), b.gate
        )
        from task_runs r
        left join reproq_blocked b on b.result_id = r.result_id
        order by r.result_id
    ),
    array(
        select jsonb_build_array(w.workflow_id, w.status, w.success_count, w.failure_count)
        from workflow_runs w
    ),
    array(
        select jsonb_build_array(l.key, l.tokens_per_second, l.burst_size, _reproq_tokens(l))
        from rate_limits l
    ),
    array(select v::text from reproq_violations() v)
"""

numbers = st.integers(0, 10**6)
"""Chooses among the runs that there are."""


class Machine(RuleBasedStateMachine):
    """One queue in the database and one in Python."""

    conn: ClassVar[psycopg.Connection]
    clock: ClassVar[Clock]

    @initialize()
    def begin(self) -> None:
        self.queue = Queue()
        # The same ids and the same order of queues whenever an example is played.
        self.sql("truncate task_runs restart identity")
        self.sql("select setseed(0)")
        self.sql("delete from reproq_queue_controls")
        self.sql("delete from rate_limits")
        self.clock.set(START)

    def sql(self, statement: str, *params: object, **named: object) -> list[tuple]:
        cursor = self.conn.execute(statement, named or params or None)
        return cursor.fetchall() if cursor.description else []

    def pick(self, number: int, *statuses: str) -> Run | None:
        """Some run, in one of these statuses."""
        runs = [run for run in self.queue.runs.values() if not statuses or run.status in statuses]
        return runs[number % len(runs)] if runs else None

    @invariant()
    def both_agree(self) -> None:
        [(runs, workflows, buckets, violations)] = self.sql(LOOK)
        self.runs_agree({result_id: row for result_id, *row in runs})
        self.workflows_agree({workflow: tuple(row) for workflow, *row in workflows})
        self.buckets_agree({key: tuple(row) for key, *row in buckets})
        assert violations == []

    def runs_agree(self, rows: dict[int, list]) -> None:
        # A claim may have ended who was too old, and the tick will.
        for run in self.queue.runs.values():
            if run.expired(self.queue.now) and rows.get(run.id, ("",))[0] == "FAILED":
                self.queue.expire(run)
        assert rows.keys() == self.queue.runs.keys()
        for result_id, (status, *others, gate) in rows.items():
            run = self.queue.runs[result_id]
            if status in ("READY", "BLOCKED"):
                assert run.due(self.queue.now), (status, run)
                run.status, run.gate = "LINE", gate
            else:
                assert run.status == status, run
            kinds, attempts = [[error[n] for error in run.errors] for n in (0, 1)]
            assert others == [
                run.attempts,
                run.losses,
                run.lease_no,
                run.cancel_requested,
                run.expires,
                kinds,
                attempts,
            ], run

    def workflows_agree(self, rows: dict[str, tuple]) -> None:
        expected = {}
        for workflow in {run.workflow for run in self.queue.runs.values() if run.workflow}:
            members = self.queue.members(workflow)
            live = [run for run in members if run.live]
            expected[workflow] = (
                "FAILED"
                if any(run.broken for run in members)
                else "RUNNING"
                if live
                else "SUCCESSFUL",
                sum(run.status == "SUCCESSFUL" for run in members),
                sum(run.broken for run in members),
            )
        assert rows == expected

    def buckets_agree(self, rows: dict[str, tuple]) -> None:
        assert rows == {
            key: (bucket.rate, bucket.burst, bucket.refill(self.queue.now))
            for key, bucket in self.queue.limits.buckets.items()
        }
