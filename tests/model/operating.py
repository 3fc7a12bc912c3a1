"""Rules of the clock and of operators: tick, reclaim, cancel, retry, pause, prune, delete."""

from datetime import timedelta

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.machine import QUEUES, START, Machine, numbers
from tests.model.run import DONE


class Operating(Machine):
    @rule(seconds=st.sampled_from([0, 1, 10, 20, 35, 350]))
    def pass_time(self, seconds: int) -> None:
        self.queue.now += seconds
        self.clock.set(START + timedelta(seconds=self.queue.now))

    @rule()
    def tick(self) -> None:
        self.sql("select * from reproq_tick()")
        self.queue.wake()
        self.queue.reclaim(and_expire=True)

    @rule()
    def reclaim(self) -> None:
        assert self.sql("select reproq_reclaim()") == [(self.queue.reclaim(),)]

    @rule(part=st.integers(0, 2))
    def turn_the_ring(self, part: int) -> None:
        """New tickets go elsewhere; the next tick moves the others there, too."""
        self.sql(
            "insert into reproq_ring (current) values (%s)"
            " on conflict (only_row) do update set current = excluded.current",
            part,
        )

    @rule(number=numbers)
    def cancel(self, number: int) -> None:
        if run := self.pick(number):
            assert self.sql("select reproq_cancel(%s)", run.id) == [(self.queue.cancel(run),)]

    @rule(number=numbers)
    def retry(self, number: int) -> None:
        run = self.pick(number, "FAILED", "CANCELLED") if number % 4 else self.pick(number)
        if run is None:
            return
        if run.broken and not self.queue.has_twin(run):
            self.sql("select reproq_retry(%s)", run.id)
            self.queue.retry(run)
        else:
            with pytest.raises(psycopg.Error) as refused:
                self.sql("select reproq_retry(%s)", run.id)
            assert refused.value.sqlstate == "RQ003"

    @rule(queue=st.sampled_from(QUEUES))
    def pause_or_resume(self, queue: str) -> None:
        self.sql(
            "insert into reproq_queue_controls (queue_name, paused) values (%s, true)"
            " on conflict (queue_name) do update set paused = not reproq_queue_controls.paused",
            queue,
        )
        self.queue.paused ^= {queue}

    @rule(statuses=st.lists(st.sampled_from(DONE), min_size=1, unique=True))
    def prune(self, statuses: list[str]) -> None:
        gone = [
            run
            for run in self.queue.runs.values()
            if run.status in statuses and not self.queue.needed(run)
        ]
        assert self.sql("select reproq_prune(%s, '0')", statuses) == [(len(gone),)]
        for run in gone:
            self.queue.delete(run)

    @rule(number=numbers)
    def delete(self, number: int) -> None:
        if run := self.pick(number):
            self.sql("delete from task_runs where result_id = %s", run.id)
            self.queue.delete(run)
