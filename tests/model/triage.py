"""Rules of those who clear up: retry what has failed, give it up, delete what has expired."""

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.machine import QUEUES, Machine, numbers
from tests.model.run import Run


class Triage(Machine):
    @rule(queue=st.sampled_from([None, *QUEUES]))
    def retry_failed(self, queue: str | None) -> None:
        twins: dict[object, list[Run]] = {}
        for run in self.queue.runs.values():
            if run.status == "FAILED" and run.queue == (queue or run.queue) and self.may_retry(run):
                twins.setdefault(run.spec if run.dedup else run.id, []).append(run)
        started = {row[0] for row in self.sql("select * from reproq_retry_failed(%s)", queue)}
        for runs in twins.values():
            [one] = [run for run in runs if run.id in started]
            self.queue.retry(one)

    def may_retry(self, run: Run) -> bool:
        behind_broken = any(other.broken for other in self.queue.before(run))
        return run.broken and not behind_broken and not self.queue.has_twin(run)

    @rule(number=numbers)
    def discard(self, number: int) -> None:
        run = self.pick(number, "FAILED") if number % 4 else self.pick(number)
        if run is None:
            return
        if run.status == "FAILED":
            assert self.sql("select reproq_discard(%s)", run.id) == [("CANCELLED",)]
            run.status = "CANCELLED"
            run.fail_once("cancelled")
        else:
            with pytest.raises(psycopg.Error) as refused:
                self.sql("select reproq_discard(%s)", run.id)
            assert refused.value.sqlstate == "RQ003"

    @rule()
    def prune_expired(self) -> None:
        now, runs = self.queue.now, self.queue.runs.values()
        late = [run for run in runs if run.expired(now)]
        over = [
            run
            for run in runs
            if not run.live
            and run.expires is not None
            and run.expires <= now
            and not self.queue.needed(run)
        ]
        expected = [(len(late + over),)]
        assert self.sql("select reproq_prune_expired(null, dry_run => true)") == expected
        assert self.sql("select reproq_prune_expired()") == expected
        self.queue.end_all([(run, "FAILED", "expired") for run in late])
        for run in late + over:
            self.queue.delete(run)
