"""Rules of those who look: what explain says of a run is what a claim would do with it."""

from datetime import datetime

from hypothesis.stateful import rule

from tests.model.machine import QUEUES, START, Machine, numbers
from tests.model.queue import LATE
from tests.model.run import Run

# What ends by itself at a known time.
TIMED = ("not_due", "backoff")


class Looking(Machine):
    @rule(number=numbers)
    def explain(self, number: int) -> None:
        run = self.pick(number)
        if run is None:
            return
        startable, earliest, timed = self.explained(run)
        assert startable == self.starts_when_first(run)
        # (Who waits at a gate that is no longer its own, the model does not know.)
        if not run.moved_gate:
            late = run.status == "SCHEDULED" and run.run_after <= self.queue.now - LATE
            assert startable == (self.queue.startable(run, QUEUES) and not late)
        if timed and not run.moved_gate:
            with self.conn.transaction(force_rollback=True):
                self.sql("update reproq_test_clock set now = %s - interval '1 ms'", earliest)
                assert not self.explained(run)[0]
                assert not self.starts_when_first(run)
                self.sql("update reproq_test_clock set now = %s", earliest)
                assert self.explained(run)[0]
                assert self.starts_when_first(run)

    def explained(self, run: Run) -> tuple[bool, datetime | None, bool]:
        """Whether a claim starts it, when at the earliest, and whether time alone stops it."""
        rows = self.sql(
            "select reason, detail ->> 'gate', blocks, earliest from reproq_explain(%s)", run.id
        )
        blocking = [row for row in rows if row[2]]
        [earliest] = {row[3] for row in rows}
        now = self.sql("select _reproq_now()")[0][0]
        assert earliest is None or earliest >= max(now, START)
        timed = earliest is not None and all(
            reason in TIMED or (gate or "").startswith("rate:") for reason, gate, _, _ in blocking
        )
        return not blocking, earliest, timed and bool(blocking)

    def starts_when_first(self, run: Run) -> bool:
        """Whether a claim starts it where nobody else stands in any line."""
        with self.conn.transaction(force_rollback=True):
            for ticket in ("ready", "blocked", "scheduled"):
                self.sql(f"delete from reproq_{ticket} where result_id <> %s", run.id)
            # Whoever had been woken for its place is gone: it is the next.
            self.sql("select _reproq_sweep_gates()")
            rows = self.sql("select result_id from reproq_claim('w', %s, 1, '30 s')", QUEUES)
            assert rows in ([], [(run.id,)])
            return bool(rows)
